// Matchers as both of Alertmanager's parsers read them. Values are quoted: a team's name may hold what means something there.
local escaped(char) = if char == '\\' || char == '"' then '\\' + char else char;
local quoted(text) = '"' + std.flatMap(escaped, text) + '"';
{
  is(label, value):: label + '=' + quoted(value),
  // One of a few plain words.
  among(label, words):: label + '=~"' + std.join('|', words) + '"',
  not_among(label, words):: label + '!~"' + std.join('|', words) + '"',
  // The label is there and not empty.
  there(label):: label + '!=""',
}
