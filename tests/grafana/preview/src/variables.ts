// Variables of a dashboard: what values they have in this Prometheus, and their place in queries and titles.
import { Dashboard, Variable } from './dashboard';
import { Prometheus } from './prometheus';

interface Chosen {
  label: string;
  options: string[];
  values: string[];
  all: boolean;
  allValue?: string;
  several: boolean;
  hidden: boolean;
}

const ALL = '$__all';
const REFERENCE = /\$(\w+)|\$\{(\w+)(?::(\w+))?\}|\[\[(\w+)(?::(\w+))?\]\]/g;

/** As Grafana's Prometheus data source escapes the values of a variable that may have several. */
const escaped = (value: string) => value.replace(/\\/g, '\\\\\\\\').replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&');

export class Variables {
  /** What is wrong with them, in words. */
  readonly problems: string[] = [];
  private readonly chosen = new Map<string, Chosen>();

  /** `given` are values from the address, by name; a variable without any has all, or the first. */
  static async of(dashboard: Dashboard, prometheus: Prometheus, given: Map<string, string[]>): Promise<Variables> {
    const variables = new Variables();
    for (const variable of dashboard.templating?.list ?? []) {
      let options: string[] = [];
      try {
        options = await variables.optionsOf(variable, prometheus);
        if (!options.length) {
          variables.problems.push(`variable ${variable.name}: no values`);
        }
      } catch (bad: any) {
        variables.problems.push(`variable ${variable.name}: ${bad.message}`);
      }
      const values = given.get(variable.name) ?? (variable.includeAll ? [ALL] : options.slice(0, 1));
      variables.chosen.set(variable.name, {
        label: variable.label || variable.name,
        options,
        values,
        all: values[0] === ALL,
        allValue: variable.allValue || undefined,
        several: Boolean(variable.multi),
        hidden: variable.hide === 2,
      });
    }
    return variables;
  }

  /** Name and value of those that a reader sees above the dashboard. */
  *shown(): Iterable<[string, string]> {
    for (const one of this.chosen.values()) {
      if (!one.hidden) {
        yield [one.label, one.all ? 'All' : one.values.join(' + ')];
      }
    }
  }

  /** `text` with values for its variables; a name that there is not stays, and is a problem. */
  inQuery(text: string, builtIn: Record<string, string> = {}): string {
    return this.replaced(text, builtIn, (one, format) => {
      if (one.all && one.allValue) {
        return one.allValue;
      }
      const values = one.all ? one.options : one.values;
      if (format === 'csv' || format === 'raw') {
        return values.join(',');
      }
      if (!one.several && !one.all) {
        return values[0] ?? '';
      }
      return values.length === 1 ? escaped(values[0]) : `(${values.map(escaped).join('|')})`;
    });
  }

  inText(text: string): string {
    return this.replaced(text, {}, (one) => (one.all ? 'All' : one.values.join(' + ')));
  }

  private replaced(text: string, builtIn: Record<string, string>, put: (one: Chosen, format?: string) => string) {
    return text.replace(REFERENCE, (whole, bare, braced, format, squared, squaredFormat) => {
      const name: string = bare ?? braced ?? squared;
      if (name in builtIn) {
        return builtIn[name];
      }
      const one = this.chosen.get(name);
      if (one) {
        return put(one, format ?? squaredFormat);
      }
      if (!/^(__|\d)/.test(name)) {
        this.problems.push(`there is no variable ${whole}`);
      }
      return whole;
    });
  }

  private async optionsOf(variable: Variable, prometheus: Prometheus): Promise<string[]> {
    const query = typeof variable.query === 'string' ? variable.query : (variable.query?.query ?? '');
    switch (variable.type) {
      case 'datasource':
        return ['Prometheus'];
      case 'custom':
      case 'interval':
        return query.split(',').map((option) => option.trim());
      case 'constant':
      case 'textbox':
        return [query];
      case 'query': {
        const asked = /^label_values\((?:(.+),\s*)?(\w+)\)\s*$/s.exec(this.inQuery(query));
        if (!asked) {
          throw new Error(`the preview knows no query ${query}`);
        }
        const options = await prometheus.labelValues(asked[2], asked[1]);
        const regex = variable.regex ? new RegExp(variable.regex.replace(/^\/|\/$/g, '')) : /.*/s;
        return [...new Set(options.map((option) => regex.exec(option)).flatMap((m) => (m ? [m[1] ?? m[0]] : [])))];
      }
      default:
        throw new Error(`the preview knows no type ${variable.type}`);
    }
  }
}
