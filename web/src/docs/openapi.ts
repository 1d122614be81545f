// The part of OpenAPI 3.1 that the document uses, and the reading of it. No DOM here.

export type Schema = {
  $ref?: string
  type?: string | string[]
  format?: string
  description?: string
  enum?: unknown[]
  const?: unknown
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  oneOf?: Schema[]
  anyOf?: Schema[]
  allOf?: Schema[]
  additionalProperties?: boolean | Schema
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  default?: unknown
  example?: unknown
  examples?: unknown[]
}
export type Parameter = {
  $ref?: string
  name: string
  in: string
  required?: boolean
  description?: string
  schema?: Schema
  example?: unknown
}
type Media = { schema?: Schema; example?: unknown; examples?: Record<string, { value?: unknown }> }
export type Operation = {
  tags?: string[]
  summary?: string
  description?: string
  operationId?: string
  parameters?: Parameter[]
  requestBody?: { required?: boolean; description?: string; content?: Record<string, Media> }
  responses?: Record<
    string,
    { description?: string; content?: Record<string, Media>; $ref?: string }
  >
  security?: Record<string, string[]>[]
  deprecated?: boolean
  'x-access'?: string
}
export type Document = {
  info: { title: string; version: string; description?: string }
  security?: Record<string, string[]>[]
  tags?: { name: string; description?: string }[]
  paths: Record<string, Record<string, unknown>>
  components?: { schemas?: Record<string, Schema>; [kind: string]: unknown }
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const
export type Entry = { method: string; path: string; operation: Operation; id: string }

/** All operations by tag, in the document's order. */
export function byTag(document: Document): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>(document.tags?.map((tag) => [tag.name, []]))
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method] as Operation | undefined
      if (!operation) continue
      const shared = (item.parameters as Parameter[] | undefined) ?? []
      const merged = { ...operation, parameters: [...shared, ...(operation.parameters ?? [])] }
      const tag = operation.tags?.[0] ?? 'other'
      const id = operation.operationId ?? `${method}${path.replace(/\W+/g, '-')}`
      const entry = { method, path, operation: merged, id }
      const group = groups.get(tag)
      if (group) group.push(entry)
      else groups.set(tag, [entry])
    }
  }
  for (const [tag, entries] of groups) if (entries.length === 0) groups.delete(tag)
  return groups
}

/** Follows `#/…` references; an unknown one yields undefined. */
export function resolve<T extends { $ref?: string }>(document: Document, value: T): T | undefined {
  let current: T | undefined = value
  for (let hops = 0; current?.$ref && hops < 10; hops++) {
    current = current.$ref
      .replace(/^#\//, '')
      .split('/')
      .map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'))
      .reduce<unknown>(
        (at, key) => (at as Record<string, unknown> | undefined)?.[key],
        document,
      ) as T | undefined
  }
  return current
}

export const nameOf = (schema: Schema) => schema.$ref?.split('/').pop()

/** A schema's type in a few words: "string (uuid)", "Card[]", "integer or null". */
export function typeOf(schema: Schema | undefined): string {
  if (!schema) return 'anything'
  const name = nameOf(schema)
  if (name) return name
  const options = schema.oneOf ?? schema.anyOf
  if (options) return options.map(typeOf).join(' or ')
  if (schema.allOf) return schema.allOf.map(typeOf).join(' and ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  const types = Array.isArray(schema.type) ? schema.type : [schema.type ?? 'object']
  return types
    .map((type) => {
      if (type === 'array') return `${typeOf(schema.items)}[]`
      return schema.format && type !== 'null' ? `${type} (${schema.format})` : type
    })
    .join(' or ')
}

/** Bounds worth telling: "1 to 100", "at most 200 characters". */
export function boundsOf(schema: Schema | undefined): string {
  if (!schema) return ''
  const parts: string[] = []
  const { minimum: min, maximum: max, minLength, maxLength } = schema
  if (min !== undefined && max !== undefined) parts.push(`${min} to ${max}`)
  else if (min !== undefined) parts.push(`at least ${min}`)
  else if (max !== undefined) parts.push(`at most ${max}`)
  if (minLength) parts.push(`at least ${minLength} characters`)
  if (maxLength) parts.push(`at most ${maxLength} characters`)
  if (schema.default !== undefined) parts.push(`default ${JSON.stringify(schema.default)}`)
  return parts.join(', ')
}

/** The schema names an operation's bodies lead to, itself included, each once. */
export function reachable(document: Document, start: Schema | undefined, seen = new Set<string>()) {
  const visit = (schema: Schema | undefined): void => {
    if (!schema) return
    const name = nameOf(schema)
    if (name) {
      if (seen.has(name)) return
      seen.add(name)
      return visit(resolve(document, schema))
    }
    for (const part of [
      ...(schema.oneOf ?? []),
      ...(schema.anyOf ?? []),
      ...(schema.allOf ?? []),
    ]) {
      visit(part)
    }
    visit(schema.items)
    Object.values(schema.properties ?? {}).forEach(visit)
  }
  visit(start)
  return seen
}

/** The example written beside a body, else the schema's own. */
export function exampleOf(document: Document, media: Media | undefined): unknown {
  if (!media) return undefined
  if (media.example !== undefined) return media.example
  const named = Object.values(media.examples ?? {})[0]?.value
  if (named !== undefined) return named
  const schema = media.schema && resolve(document, media.schema)
  return schema?.example ?? schema?.examples?.[0]
}

/** Who may call: what the document says in so many words, else what its security demands. */
export function accessOf(document: Document, operation: Operation): string {
  if (operation['x-access']) return operation['x-access']
  const security = operation.security ?? document.security ?? []
  const needed = security.length > 0 && !security.some((entry) => Object.keys(entry).length === 0)
  return needed ? 'signed in' : 'public'
}
