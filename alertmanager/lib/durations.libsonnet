// Durations as text, as the policy has them: 1d, 4h, 1h30m.
local units = [['d', 86400], ['h', 3600], ['m', 60], ['s', 1]];
local digits = '0123456789';

local seconds(text) =
  local step(state, char) =
    if std.member(digits, char) then state { count: state.count * 10 + std.parseInt(char) }
    else { total: state.total + state.count * [unit[1] for unit in units if unit[0] == char][0], count: 0 };
  std.foldl(step, std.stringChars(text), { total: 0, count: 0 }).total;

local show(count) =
  local step(state, unit) = {
    text: state.text + (if state.left >= unit[1] then '%d%s' % [std.floor(state.left / unit[1]), unit[0]] else ''),
    left: state.left % unit[1],
  };
  std.foldl(step, units, { text: '', left: count }).text;

{
  half(text):: show(std.floor(seconds(text) / 2)),
  nine_tenths(text):: show(std.floor(seconds(text) * 9 / 10)),
  least(one, other):: if seconds(one) <= seconds(other) then one else other,
}
