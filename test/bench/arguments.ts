import { parseArgs } from 'node:util';

/**
 * The options of a program of the bench, each with its default; `--help` prints the usage and ends, and so does what is no option, with 2.
 *
 * @param defaults text: takes a value; false: a switch
 */
export function argumentsOf<Defaults extends Record<string, string | false>>(
  usage: string,
  defaults: Defaults,
): { [Name in keyof Defaults]: Defaults[Name] extends false ? boolean : string } {
  const options = Object.fromEntries(
    Object.entries({ ...defaults, help: false }).map(([name, value]) => [
      name,
      value === false ? { type: 'boolean' as const, default: false } : { type: 'string' as const, default: value as string },
    ]),
  );
  try {
    const { values } = parseArgs({ options });
    if (values['help'] === true) {
      console.log(usage);
      process.exit();
    }
    return values as ReturnType<typeof argumentsOf<Defaults>>;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}

/** A number of an option; what is none ends the program. */
export function numberOf(name: string, text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number) && number >= 0) return number;
  console.error(`--${name} is a number, not ${JSON.stringify(text)}; see --help`);
  return process.exit(2);
}

/** Numbers with commas between them. */
export function numbersOf(name: string, list: string): number[] {
  return list
    .split(',')
    .filter(Boolean)
    .map((each) => numberOf(name, each));
}
