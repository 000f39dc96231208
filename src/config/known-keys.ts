import { z } from 'zod';
import { configSchema } from './schema.ts';

/** The keys that the schema has in the map at `path`; none where it has no map there, or one with free names. */
export function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: z.core.$ZodType = configSchema;
  for (const step of path) {
    const holder = unwrapped(schema);
    if (holder instanceof z.ZodArray) schema = holder.element;
    else if (holder instanceof z.ZodUnion) schema = elementOf(holder);
    else if (holder instanceof z.ZodObject) schema = (holder.shape as Record<PropertyKey, z.core.$ZodType>)[step] ?? z.never();
    else return [];
  }
  const map = unwrapped(schema);
  return map instanceof z.ZodObject ? Object.keys(map.shape) : [];
}

/** Of a list that stands beside words: `none`, `all` or a list of filters. */
function elementOf(union: z.ZodUnion): z.core.$ZodType {
  const list = union.options.find((option) => option instanceof z.ZodArray);
  return list?.element ?? z.never();
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  const wraps = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return wraps ? unwrapped(schema.unwrap()) : schema;
}
