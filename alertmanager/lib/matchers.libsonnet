// Matchers as both of Alertmanager's parsers read them. Values are quoted: a team's name may hold what means something there.
local quoted(text) = '"%s"' % std.strReplace(std.strReplace(text, '\\', '\\\\'), '"', '\\"');
{
  is(label, value):: '%s=%s' % [label, quoted(value)],
  isnt(label, value):: '%s!=%s' % [label, quoted(value)],
  // One of a few plain words.
  among(label, words):: '%s=~"%s"' % [label, std.join('|', words)],
  not_among(label, words):: '%s!~"%s"' % [label, std.join('|', words)],
  // The label is there and not empty.
  there(label):: '%s!=""' % label,
}
