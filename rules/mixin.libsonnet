// The rule pack as a monitoring mixin: import this, override `_config`, take `prometheusRules` and `prometheusAlerts`.
(import 'config.libsonnet') +
(import 'recording/recording.libsonnet') +
(import 'alerts/alerts.libsonnet')
