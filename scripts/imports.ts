import { parseSync, Visitor, type Expression } from 'oxc-parser';

/** One import of a module, in any of the forms that TypeScript has. */
export interface Import {
  /** 1-based. */
  line: number;
  /** As written: `./x.ts`, `node:fs`, `ws`. */
  specifier: string;
  /** Erased when types are stripped, so nothing is loaded by it. */
  typeOnly: boolean;
}

/**
 * All that a module imports: `import`, `export from`, `import()`, `import('x').Type`, and `new URL('./x.ts', import.meta.url)`, by
 * which workers are named.
 *
 * @throws Error when the source cannot be parsed: an import that is not seen would be taken for allowed.
 */
export function importsOf(file: string, source: string): Import[] {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message ?? 'cannot be parsed'}`);
  const found: Import[] = [];
  const add = (node: { value: unknown; start: number } | null, typeOnly: boolean): void => {
    if (node === null || typeof node.value !== 'string') return;
    found.push({ line: source.slice(0, node.start).split('\n').length, specifier: node.value, typeOnly });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source, node.importKind === 'type'),
    ExportNamedDeclaration: (node) => add(node.source, node.exportKind === 'type'),
    ExportAllDeclaration: (node) => add(node.source, node.exportKind === 'type'),
    ImportExpression: (node) => add(literal(node.source), false),
    TSImportType: (node) => add(node.source, true),
    NewExpression: (node) => {
      const [target, base] = node.arguments;
      const isModuleUrl = node.callee.type === 'Identifier' && node.callee.name === 'URL' && base?.type === 'MemberExpression';
      if (!isModuleUrl || target?.type !== 'Literal') return;
      if (typeof target.value === 'string' && /^\..*\.[jt]s$/.test(target.value)) add(target, false);
    },
  }).visit(program);
  return found;
}

function literal(node: Expression): { value: unknown; start: number } | null {
  return node.type === 'Literal' ? node : null;
}
