import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ADAPTED_PACKAGES, BROWSER_PACKAGES, BROWSER_ROOMS, BUILD_CONFIG, FOR_ALL, LEAVES, ROOMS } from './import-rules.ts';
import { importsOf, type Import } from './imports.ts';

export interface Violation {
  file: string;
  /** 1-based. */
  line: number;
  message: string;
}

/** The room of a module by its path from `src`; undefined where the table has none. */
export function roomOf(path: string): string | undefined {
  const parts = path.replace(/\.ts$/, '').split('/');
  for (let length = parts.length; length > 0; length -= 1) {
    const room = parts.slice(0, length).join('/');
    // `base.ts` is not in room `base`; only a room that is one module is named by its whole path.
    if (Object.hasOwn(ROOMS, room) && (length < parts.length || room.includes('/'))) return room;
  }
  return undefined;
}

/**
 * Holds sources against the table of rooms.
 *
 * @param sources Texts of modules by their paths from `src`, with `/`.
 */
export function violationsIn(sources: ReadonlyMap<string, string>): Violation[] {
  const violations: Violation[] = [];
  const imports = new Map<string, Import[]>();
  for (const [file, source] of sources) {
    imports.set(file, importsOf(file, source));
    if (roomOf(file) === undefined) {
      violations.push({
        file,
        line: 1,
        message: 'lies in no room that scripts/import-rules.ts knows; add the room and what it may import',
      });
    }
  }
  for (const [file, list] of imports) {
    for (const entry of list) {
      const message = directionFault(file, entry.specifier);
      if (message !== undefined) violations.push({ file, line: entry.line, message });
    }
  }
  return [...violations, ...browserFaults(imports)];
}

function directionFault(file: string, specifier: string): string | undefined {
  const from = roomOf(file);
  if (from === undefined) return undefined;
  if (!specifier.startsWith('.')) {
    const owner = ADAPTED_PACKAGES[packageOf(specifier)];
    return owner === undefined || owner === from ? undefined : `only ${owner} may import the package ${packageOf(specifier)}`;
  }
  const target = resolve(file, specifier);
  if (target.startsWith('..')) return `imports ${specifier}, which lies outside src and is not in the published package`;
  const to = roomOf(target);
  const allowed = [...(ROOMS[from] ?? []), ...(LEAVES.includes(from) ? [] : FOR_ALL)];
  if (to === undefined || to === from || allowed.includes(to)) return undefined;
  return `${from} may not import ${to} (${target}); it may import ${allowed.length === 0 ? 'nothing' : allowed.join(', ')}`;
}

/** Walks from the modules of the browser along what is loaded at run time. */
function browserFaults(imports: ReadonlyMap<string, readonly Import[]>): Violation[] {
  const violations: Violation[] = [];
  const importers = new Map<string, string>();
  const pending = [...imports.keys()].filter((file) => BROWSER_ROOMS.includes(roomOf(file) ?? '') && !BUILD_CONFIG.test(file));
  for (const file of pending) importers.set(file, '');
  for (const file of pending) {
    for (const { specifier, typeOnly, line } of imports.get(file) ?? []) {
      if (typeOnly) continue;
      if (specifier.startsWith('.')) {
        const target = resolve(file, specifier);
        if (imports.has(target) && !importers.has(target)) {
          importers.set(target, file);
          pending.push(target);
        }
      } else if (isBuiltin(specifier) || !BROWSER_PACKAGES.includes(packageOf(specifier))) {
        violations.push({ file, line, message: `imports ${specifier}, but runs in a browser${chain(file, importers)}` });
      }
    }
  }
  return violations;
}

function chain(file: string, importers: ReadonlyMap<string, string>): string {
  const links: string[] = [];
  for (let at = importers.get(file) ?? ''; at !== ''; at = importers.get(at) ?? '') links.push(at);
  return links.length === 0 ? '' : ` (imported by ${links.join(', by ')})`;
}

const resolve = (file: string, specifier: string): string => posix.join(posix.dirname(file), specifier);

/** `ws/lib/x` is of `ws`, `@a/b/c` of `@a/b`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function main(): void {
  const src = join(dirname(import.meta.dirname), 'src');
  const paths = globSync('**/*.ts', { cwd: src }).map((path) => path.replaceAll('\\', '/'));
  const sources = new Map(paths.toSorted().map((path) => [path, readFileSync(join(src, path), 'utf8')]));
  if (sources.size === 0) {
    console.error(`check:imports saw no module in ${src}; a check that sees nothing proves nothing.`);
    process.exitCode = 1;
    return;
  }
  const violations = violationsIn(sources);
  for (const { file, line, message } of violations) console.error(`${relative('.', join(src, file))}:${line}: ${message}`);
  if (violations.length > 0) process.exitCode = 1;
  else console.log(`imports of ${sources.size} modules follow the direction of the rooms`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
