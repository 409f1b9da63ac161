// Checks dashboards against strict/types.ts.
//
//     node strict/check.mjs < {NAME: DASHBOARD, …} > {NAME: [MISTAKE, …], …}
import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';

const HERE = import.meta.dirname;
const KINDS = ['stat', 'bargauge', 'timeseries', 'heatmap', 'table', 'row'];
const MOST = 5; // mistakes of one part: the first ones tell

const generator = createGenerator({
  path: path.join(HERE, 'types.ts'),
  tsconfig: path.join(HERE, '../tsconfig.json'),
  skipTypeCheck: true,
  expose: 'none',
  additionalProperties: false,
});
const ajv = new Ajv({ allErrors: true, strict: false, allowUnionTypes: true });
const accepts = Object.fromEntries(['dashboard', ...KINDS].map((name) => [name, ajv.compile(generator.createSchema(name))]));

function mistakes(name, value, where) {
  if (accepts[name](value)) {
    return [];
  }
  // That none of several forms fits follows from what is wrong with each.
  const errors = accepts[name].errors.filter(({ keyword }) => keyword !== 'anyOf');
  return errors.slice(0, MOST).map(({ instancePath, message, params }) => {
    const told = params.additionalProperty ?? params.allowedValues;
    return `${where}${instancePath} ${message}${told === undefined ? '' : `: ${[told].flat().join(', ')}`}`;
  });
}

function check(dashboard) {
  const panels = (dashboard.panels ?? []).flatMap((panel) => [panel, ...(panel.panels ?? [])]);
  return [
    ...mistakes('dashboard', dashboard, ''),
    ...panels.flatMap((panel) => {
      const where = `panel ${panel.id}`;
      return KINDS.includes(panel.type) ? mistakes(panel.type, panel, where) : [`${where} is of an unknown type: ${panel.type}`];
    }),
  ];
}

const given = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(Object.fromEntries(Object.entries(given).map(([name, dashboard]) => [name, check(dashboard)]))));
