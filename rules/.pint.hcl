// What cloudflare/pint is not to find in the rendered rules (make lint), each with its reason.

rule {
  match {
    kind = "alerting"
    name = "LlmCostWatchdog"
  }
  // It always fires: a dead man's switch tells when it stops coming.
  disable = ["alerts/comparison"]
}
