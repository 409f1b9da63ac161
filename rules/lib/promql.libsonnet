// Pieces of PromQL that the rules are made of.
local duration = import 'duration.libsonnet';

// A text as PromQL and templates quote it. (std.escapeStringJson takes a quarter of a second for a long query.)
local quoted(value) = '"%s"' % std.strReplace(std.strReplace(value, '\\', '\\\\'), '"', '\\"');

// What matches one of `values` and nothing else: their special characters taken as they are.
local anyOf(values) =
  local escaped(value) = std.join('', [
    (if std.member('\\.+*?()|[]{}^$', c) then '\\' + c else c)
    for c in std.stringChars(value)
  ]);
  std.join('|', std.map(escaped, values));

// One matcher. A value is text (equal), a list (one of these), or text that begins with an operator: '=~gpt-.*', '!=batch', '!~dev-.*'.
local matcher(label, value) =
  if std.isArray(value) && std.length(value) == 1 then '%s=%s' % [label, quoted(value[0])]
  else if std.isArray(value) then '%s=~%s' % [label, quoted(anyOf(value))]
  else if std.length(value) >= 2 && std.member(['=~', '!=', '!~'], value[0:2]) then label + value[0:2] + quoted(value[2:])
  else '%s=%s' % [label, quoted(value)];

{
  // {team: 'search'} as matchers, in the order of their labels.
  matchers(match):: [matcher(label, match[label]) for label in std.objectFields(match)],

  // A selector: name{matchers}.
  select(name, matchers=[]):: if matchers == [] then name else '%s{%s}' % [name, std.join(', ', matchers)],

  // Labels of a `by (…)` or `on (…)`.
  labels(names):: std.join(', ', names),

  // How much a counter grew in `window` seconds, by series. Why not increase(): it extrapolates, differently on each engine (up to 35 % in a
  // minute's window, and VictoriaMetrics takes the first value of a new series for growth); a single $60 call must read $60.
  // The last value less the lowest: growth from the first sample on for a series born in the window, up to its death for one that
  // died, and since the reset where a lost state set it back. The range is one scrape interval longer than the window, less a
  // millisecond, so that its samples span exactly the window, whichever ends of a range the engine includes.
  growth(selector, window, scrape_interval)::
    local range = duration.text(window + scrape_interval - 1) + '999ms';
    'last_over_time(%(selector)s[%(range)s]) - min_over_time(%(selector)s[%(range)s])' % { selector: selector, range: range },

  // The mean of a recorded rate over `window` seconds, a point a minute whatever the rule's own interval is. Where there is none nothing was
  // spent: a rate that began an hour ago is no rate of the whole day. (Less a millisecond for the same reason as above.)
  mean(record, window)::
    'sum_over_time(%s[%s999ms:1m]) / %d' % [record, duration.text(window - 1), window / 60],

  // `text` with its lines moved in by `spaces`, for an expression inside another.
  indent(text, spaces=2):: std.strReplace(text, '\n', '\n' + std.repeat(' ', spaces)),

  // A number as a person writes it: 0.9, not 0.90000000000000002.
  number(value)::
    local fixed = '%.6f' % value;
    std.rstripChars(std.rstripChars(fixed, '0'), '.'),

  quoted: quoted,
  duration: duration,
}
