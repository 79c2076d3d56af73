// Reads an OpenAPI 3.1 description as far as the reference page shows it: operations by tag, schemas, examples.

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Schema {
  $ref?: string;
  type?: string | string[];
  title?: string;
  description?: string;
  format?: string;
  enum?: Json[];
  const?: Json;
  default?: Json;
  example?: Json;
  examples?: Json[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
}

export interface Parameter {
  $ref?: string;
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}

interface Media {
  schema?: Schema;
  example?: Json;
  examples?: Record<string, { value?: Json }>;
}

interface Body {
  $ref?: string;
  description?: string;
  required?: boolean;
  content?: Record<string, Media>;
}

interface RawOperation {
  tags?: string[];
  summary?: string;
  description?: string;
  operationId?: string;
  parameters?: Parameter[];
  requestBody?: Body;
  responses?: Record<string, Body>;
  security?: Record<string, string[]>[];
}

export interface OpenApi {
  info?: { title?: string; version?: string; description?: string };
  paths?: Record<string, Record<string, RawOperation> & { parameters?: Parameter[] }>;
  tags?: { name: string; description?: string }[];
  security?: Record<string, string[]>[];
  components?: Record<string, Record<string, unknown>>;
}

export interface Content {
  mediaType: string;
  schema: Schema | undefined;
  example: string | undefined;
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  summary: string;
  description: string;
  parameters: Parameter[];
  body: { isRequired: boolean; contents: Content[] } | undefined;
  responses: { status: string; description: string; contents: Content[] }[];
  /** Names of the ways to prove who is asking, any of which will do; empty when none is needed. */
  auth: string[];
  isAuthOptional: boolean;
}

export interface TagGroup {
  name: string;
  description: string;
  operations: Operation[];
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const DEPTH_MAX = 6;

/** What a reference within the document points to; unknown references give an empty schema. */
export function resolve<T extends { $ref?: string }>(api: OpenApi, value: T): T {
  let found: unknown = value;
  for (let hops = 0; hops < 10; hops += 1) {
    const reference = (found as { $ref?: unknown } | undefined)?.$ref;
    if (typeof reference !== 'string') return (found ?? {}) as T;
    found = reference.startsWith('#/')
      ? reference
          .slice(2)
          .split('/')
          .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
          .reduce<unknown>((node, part) => (node as Record<string, unknown> | undefined)?.[part], api)
      : undefined;
  }
  return {} as T;
}

/** The schema a value has when it is not null: what a nullable reference refers to. */
export function withoutNull(api: OpenApi, schema: Schema): Schema {
  const whole = resolve(api, schema);
  const parts = (whole.oneOf ?? whole.anyOf)?.map((part) => resolve(api, part)).filter(({ type }) => type !== 'null');
  return parts?.length === 1
    ? { ...parts[0], ...(whole.description ? { description: whole.description } : {}) }
    : whole;
}

/** The last part of a reference: the name of a schema. */
export function referenceName(schema: Schema): string {
  return schema.$ref?.split('/').at(-1) ?? '';
}

/** A short name of a schema's type, such as `string (uuid)` or `Source[]`. */
export function typeName(api: OpenApi, schema: Schema, depth = 0): string {
  if (depth > DEPTH_MAX) return '…';
  if (schema.$ref) return referenceName(schema);
  const parts = schema.oneOf ?? schema.anyOf;
  if (parts) return [...new Set(parts.map((part) => typeName(api, part, depth + 1)))].join(' | ');
  if (schema.allOf?.length === 1) return typeName(api, schema.allOf[0]!, depth + 1);
  const types = [schema.type ?? (schema.properties || schema.allOf ? 'object' : 'any')].flat();
  return types
    .map((type) => {
      if (type === 'array') return `${typeName(api, schema.items ?? {}, depth + 1)}[]`;
      return schema.format && type !== 'null' ? `${type} (${schema.format})` : type;
    })
    .join(' | ');
}

/** The limits of a schema, as short phrases. */
export function limits(schema: Schema): string[] {
  const found: string[] = [];
  if (schema.enum) found.push(`one of ${schema.enum.map((value) => JSON.stringify(value)).join(', ')}`);
  if (schema.const !== undefined) found.push(`always ${JSON.stringify(schema.const)}`);
  if (schema.default !== undefined) found.push(`default ${JSON.stringify(schema.default)}`);
  const range = (low: number | undefined, high: number | undefined, unit: string) => {
    if (low !== undefined && high !== undefined) found.push(`${low} to ${high}${unit}`);
    else if (low !== undefined) found.push(`at least ${low}${unit}`);
    else if (high !== undefined) found.push(`at most ${high}${unit}`);
  };
  range(schema.minimum, schema.maximum, '');
  range(schema.minLength, schema.maxLength, ' characters');
  range(schema.minItems, schema.maxItems, ' items');
  if (schema.pattern) found.push(`matches ${schema.pattern}`);
  return found;
}

/** The fields of an object schema, those of its parts included. */
export function fieldsOf(api: OpenApi, schema: Schema): { name: string; schema: Schema; isRequired: boolean }[] {
  const whole = resolve(api, schema);
  const own = Object.entries(whole.properties ?? {}).map(([name, field]) => ({
    name,
    schema: field,
    isRequired: whole.required?.includes(name) ?? false
  }));
  return [...(whole.allOf ?? []).flatMap((part) => fieldsOf(api, part)), ...own];
}

/** The schema below this one that has fields of its own: of an array its items, of a choice the one that is an object. */
export function nested(api: OpenApi, schema: Schema): Schema | undefined {
  const whole = resolve(api, schema);
  if (whole.items) return nested(api, whole.items);
  if (fieldsOf(api, whole).length > 0) return schema;
  const parts = [...(whole.oneOf ?? []), ...(whole.anyOf ?? [])];
  return parts.length > 3 ? undefined : parts.map((part) => nested(api, part)).find((part) => part !== undefined);
}

const SAMPLES: Record<string, Json> = { string: 'text', integer: 1, number: 0.5, boolean: true, null: null };
const FORMATS: Record<string, Json> = {
  uuid: '0198c0de-0000-7000-8000-000000000000',
  'date-time': '2026-01-31T12:00:00Z',
  email: 'ada@example.org',
  password: 'correct horse 9',
  uri: 'https://example.org/'
};

/** A value that fits the schema, for reading. */
export function exampleOf(api: OpenApi, schema: Schema, depth = 0): Json {
  const whole = resolve(api, schema);
  const given = whole.example ?? whole.examples?.[0] ?? whole.const ?? whole.default ?? whole.enum?.[0];
  if (given !== undefined) return given;
  if (depth > DEPTH_MAX) return null;
  const choice = (whole.oneOf ?? whole.anyOf)?.find((part) => resolve(api, part).type !== 'null');
  if (choice) return exampleOf(api, choice, depth + 1);
  const fields = fieldsOf(api, whole);
  if (fields.length > 0) {
    return Object.fromEntries(fields.map(({ name, schema: field }) => [name, exampleOf(api, field, depth + 1)]));
  }
  const type = [whole.type ?? 'null'].flat().find((name) => name !== 'null') ?? 'null';
  if (type === 'array') return whole.items ? [exampleOf(api, whole.items, depth + 1)] : [];
  if (type === 'object') return {};
  return FORMATS[whole.format ?? ''] ?? SAMPLES[type] ?? null;
}

function contentsOf(api: OpenApi, body: Body): Content[] {
  return Object.entries(resolve(api, body).content ?? {}).map(([mediaType, media]) => {
    const named = Object.values(media.examples ?? {})[0]?.value;
    const value = media.example ?? named ?? (media.schema ? exampleOf(api, media.schema) : undefined);
    const isText = typeof value === 'string' && !mediaType.includes('json');
    const example = isText ? value : JSON.stringify(value, null, 2);
    return { mediaType, schema: media.schema, example };
  });
}

function operationOf(api: OpenApi, path: string, method: string, raw: RawOperation, shared: Parameter[]): Operation {
  const security = raw.security ?? api.security ?? [];
  const body = raw.requestBody ? resolve(api, raw.requestBody) : undefined;
  return {
    id: `${method}-${path.replace(/[^\w]+/g, '-').replace(/^-|-$/g, '')}`,
    method,
    path,
    summary: raw.summary ?? '',
    description: raw.description ?? '',
    parameters: [...shared, ...(raw.parameters ?? [])].map((parameter) => resolve(api, parameter)),
    body: body ? { isRequired: body.required ?? false, contents: contentsOf(api, body) } : undefined,
    responses: Object.entries(raw.responses ?? {}).map(([status, response]) => ({
      status,
      description: resolve(api, response).description ?? '',
      contents: contentsOf(api, response)
    })),
    auth: security.flatMap((way) => Object.keys(way)),
    isAuthOptional: security.some((way) => Object.keys(way).length === 0)
  };
}

/** Every operation, grouped by its first tag, in the order of the document. */
export function groupsOf(api: OpenApi): TagGroup[] {
  const groups = new Map<string, TagGroup>();
  for (const { name, description = '' } of api.tags ?? []) groups.set(name, { name, description, operations: [] });
  for (const [path, item] of Object.entries(api.paths ?? {})) {
    for (const method of METHODS) {
      const raw = item[method];
      if (!raw) continue;
      const name = raw.tags?.[0] ?? 'other';
      const group = groups.get(name) ?? { name, description: '', operations: [] };
      group.operations.push(operationOf(api, path, method, raw, item.parameters ?? []));
      groups.set(name, group);
    }
  }
  return [...groups.values()].filter(({ operations }) => operations.length > 0);
}

/** The groups with only the operations that hold every word of the search. */
export function filterGroups(groups: TagGroup[], search: string): TagGroup[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return groups
    .map((group) => ({
      ...group,
      operations: group.operations.filter(({ method, path, summary, description }) => {
        const text = `${group.name} ${method} ${path} ${summary} ${description}`.toLowerCase();
        return words.every((word) => text.includes(word));
      })
    }))
    .filter(({ operations }) => operations.length > 0);
}

/** The request as a command line; identity by an access token. */
export function curlOf(operation: Operation, origin: string): string {
  const lines = [`curl -X ${operation.method.toUpperCase()} '${origin}${operation.path}'`];
  if (operation.auth.length > 0) lines.push(`-H "Authorization: Bearer $TOKEN"`);
  const json = operation.body?.contents.find(({ mediaType }) => mediaType.includes('json'));
  if (json?.example) {
    const compact = JSON.stringify(JSON.parse(json.example)).replaceAll("'", `'\\''`);
    lines.push(`-H 'Content-Type: ${json.mediaType}'`, `-d '${compact}'`);
  }
  return lines.join(' \\\n  ');
}
