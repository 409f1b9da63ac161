// Colours by meaning, told apart by the colour-blind too: alarm is orange, red and dark magenta and nothing else is; what is named (a model, an app)
// is coloured by its rank; grey is the rest, the limit, the past.
{
  ok: '#4A86E8',
  info: '#5FA9E8',
  warning: '#F2A02D',
  critical: '#DE4A2C',
  emergency: '#B02A6E',

  spent: '#4A86E8',
  projected: '#A98AE0',
  limit: '#8F939B',
  past: '#8F939B',
  older: '#C9A65B',

  // The first spender is always of the first colour, and so on; whoever is behind them is grey. They differ in lightness as well.
  rank: ['#3D71D9', '#1E9E82', '#F0A3C4', '#6CC0F0', '#CDBB6A'],
  others: '#5F656F',

  // Percentiles of one thing: light for most calls, violet for the rarest.
  median: '#9ADBFA',
  high: '#2F6FDD',
  extreme: '#B794F0',

  // What is cached is light: it costs a part.
  token_types: {
    input: '#3D71D9',
    cache_read: '#7CC8F2',
    cache_write: '#1E9E82',
    output: '#F0A3C4',
    reasoning: '#A98AE0',
    audio_input: '#CDBB6A',
    audio_output: '#A8903A',
    image_input: '#8FBF5F',
    image_output: '#5F8F3A',
    video_input: '#B0B4BC',
    fee: '#5F656F',
    reported: '#5B6069',
  },
  // Groups of rules.
  groups: {
    'llm-cost-rates': '#3D71D9',
    'llm-cost-ledger': '#1E9E82',
    'llm-cost-spend-rate': '#F0A3C4',
    'llm-cost-budget-alerts': '#7CC8F2',
    'llm-cost-pipeline': '#CDBB6A',
    'llm-cost-prices': '#A98AE0',
    'llm-cost-watch': '#5F656F',
  },
  rejections: {
    bad_json: '#DE4A2C',
    bad_count: '#F2A02D',
    too_long: '#B02A6E',
    too_deep: '#C9A65B',
    bad_time: '#A98AE0',
  },
  reasons: {
    rate_limited: '#7CC8F2',
    timeout: '#3D71D9',
    server_error: '#A98AE0',
    client_error: '#CDBB6A',
    other: '#5F656F',
  },
}
