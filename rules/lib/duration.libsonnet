// Durations: text such as 15s, 1h30m or 2d, in whole seconds.
local units = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

local walk(text, at, digits, total) =
  if at == std.length(text) then
    if digits == '' && at > 0 then total else error 'not a duration: %s; 15s, 1h30m or 2d would be right' % text
  else
    local c = text[at];
    if c >= '0' && c <= '9' then walk(text, at + 1, digits + c, total)
    else if digits != '' && std.objectHas(units, c) then walk(text, at + 1, '', total + std.parseInt(digits) * units[c])
    else error 'not a duration: %s; 15s, 1h30m or 2d would be right' % text;

{
  seconds(text): walk(text, 0, '', 0),

  // Seconds as PromQL writes them: 3674 is 1h1m14s.
  text(seconds)::
    local parts = [
      [seconds / 86400, 'd'],
      [seconds % 86400 / 3600, 'h'],
      [seconds % 3600 / 60, 'm'],
      [seconds % 60, 's'],
    ];
    std.join('', ['%d%s' % [std.floor(part[0]), part[1]] for part in parts if part[0] >= 1]),
}
