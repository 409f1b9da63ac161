// Time intervals: the business hours of those who have some.
function(owners)
  local interval(hours) = {
    weekdays: hours.days,
    times: [{ start_time: hours.from, end_time: hours.to }],
    location: hours.timezone,
  };
  [
    { name: 'llm-cost business hours of ' + owner.name, time_intervals: [interval(owner.business_hours)] }
    for owner in owners.all
    if owner.hours_of == owner.name && owner.business_hours != null
  ]
