import '../ui/styles/fonts.css'
import '../ui/styles/tokens.css'
import '../ui/styles/base.css'
import './docs.css'
import {
  accessOf,
  boundsOf,
  byTag,
  exampleOf,
  reachable,
  resolve,
  typeOf,
  type Document,
  type Entry,
  type Schema,
} from './openapi'

// A reader for the API's own document: small, without a library, so it may stand under the same strict
// policy as the app and costs a few kilobytes.

const SOURCE = '/api/openapi.json'

type Child = Node | string | null | undefined | false
function h(tag: string, props: Record<string, string> = {}, ...children: Child[]): HTMLElement {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, value)
  element.append(...children.filter((child): child is Node | string => !!child))
  return element
}

/** Paragraphs with **bold**, `code` and [links](…); everything else stays text. */
function prose(text: string | undefined): HTMLElement | null {
  if (!text) return null
  const box = h('div', { class: 'prose' })
  for (const paragraph of text.split(/\n{2,}/)) {
    const p = h('p')
    for (const part of paragraph.split(/(\*\*[^*]+\*\*|`[^`]+`|\[[^\]]+\]\([^)]+\))/)) {
      const link = /^\[([^\]]+)\]\(((?:https?:\/\/|\/|#)[^)]+)\)$/.exec(part)
      if (part.startsWith('**')) p.append(h('strong', {}, part.slice(2, -2)))
      else if (part.startsWith('`')) p.append(h('code', {}, part.slice(1, -1)))
      else if (link) p.append(h('a', { href: link[2]! }, link[1]))
      else p.append(part)
    }
    box.append(p)
  }
  return box
}

function row(name: string, needed: boolean, type: string, ...notes: Child[]) {
  return h(
    'tr',
    {},
    h(
      'th',
      { scope: 'row' },
      h('code', {}, name),
      needed && h('span', { class: 'needed' }, 'needed'),
    ),
    h('td', {}, h('code', { class: 'type' }, type), ...notes),
  )
}

function fields(schema: Schema): HTMLElement | null {
  const parts = [schema, ...(schema.allOf ?? [])]
  const rows = parts.flatMap((part) =>
    Object.entries(part.properties ?? {}).map(([name, field]) =>
      row(
        name,
        part.required?.includes(name) ?? false,
        typeOf(field),
        boundsOf(field) && h('span', { class: 'dim' }, boundsOf(field)),
        prose(field.description),
      ),
    ),
  )
  return rows.length > 0 ? h('table', {}, h('tbody', {}, ...rows)) : null
}

function example(value: unknown) {
  if (value === undefined) return null
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
  return h('pre', { tabindex: '0' }, h('code', {}, text))
}

function body(doc: Document, schema: Schema | undefined): HTMLElement | null {
  const names = [...reachable(doc, schema)]
  if (schema && names.length === 0) return fields(schema)
  if (!schema) return null
  return h(
    'div',
    {},
    !schema.$ref && fields(schema),
    ...names.map((name) => {
      const found = resolve<Schema>(doc, { $ref: `#/components/schemas/${name}` })
      return h(
        'details',
        {},
        h('summary', {}, h('code', {}, name)),
        prose(found?.description),
        found && (fields(found) ?? h('p', {}, h('code', { class: 'type' }, typeOf(found)))),
      )
    }),
  )
}

function operation(doc: Document, entry: Entry): HTMLElement {
  const { operation: op, method, path, id } = entry
  const parameters = (op.parameters ?? []).map((item) => resolve(doc, item) ?? item)
  const request = Object.entries(op.requestBody?.content ?? {})[0]
  const access = accessOf(doc, op)
  const details = h(
    'details',
    { class: 'operation', id },
    h(
      'summary',
      {},
      h('span', { class: 'method', 'data-method': method }, method.toUpperCase()),
      h('code', { class: 'path' }, path),
      h('span', { class: 'summary' }, op.summary ?? ''),
      h('span', { class: 'access' }, access),
    ),
  )
  // Filled when first opened: the document has dozens of operations and one is read at a time.
  details.addEventListener('toggle', () => details.childElementCount === 1 && fill())
  function fill() {
    details.append(
      h(
        'div',
        { class: 'content' },
        prose(op.description),
        h('p', {}, 'Who may call: ', h('strong', {}, access)),
        parameters.length > 0 && h('h4', {}, 'Parameters'),
        parameters.length > 0 &&
          h(
            'table',
            {},
            h(
              'tbody',
              {},
              ...parameters.map((item) =>
                row(
                  item.name,
                  item.required ?? false,
                  typeOf(item.schema),
                  h(
                    'span',
                    { class: 'dim' },
                    [item.in, boundsOf(item.schema)].filter(Boolean).join(', '),
                  ),
                  prose(item.description),
                ),
              ),
            ),
          ),
        !!request &&
          h('h4', {}, 'Request body', op.requestBody?.required ? '' : ' (may be left out)'),
        !!request && body(doc, request[1].schema),
        !!request && example(exampleOf(doc, request[1])),
        h('h4', {}, 'Answers'),
        ...Object.entries(op.responses ?? {}).map(([status, answer]) => {
          const found = resolve(doc, answer) ?? answer
          const [type, media] = Object.entries(found.content ?? {})[0] ?? []
          return h(
            'details',
            { class: 'answer' },
            h(
              'summary',
              {},
              h('strong', {}, status),
              ` ${found.description ?? ''} `,
              media?.schema && h('code', { class: 'type' }, typeOf(media.schema)),
            ),
            type && h('p', { class: 'dim' }, type),
            body(doc, media?.schema),
            example(exampleOf(doc, media)),
          )
        }),
      ),
    )
  }
  return details
}

function render(doc: Document): HTMLElement[] {
  const groups = byTag(doc)
  const about = new Map(doc.tags?.map((tag) => [tag.name, tag.description]))
  const filter = h('input', {
    type: 'search',
    placeholder: 'Filter by path or words',
    'aria-label': 'Filter operations',
  }) as HTMLInputElement
  const sections = [...groups].map(([tag, entries]) =>
    h(
      'section',
      { id: `tag-${tag}` },
      h('h2', {}, tag),
      prose(about.get(tag)),
      ...entries.map((entry) => operation(doc, entry)),
    ),
  )
  filter.addEventListener('input', () => {
    const wanted = filter.value.toLowerCase()
    for (const section of sections) {
      let shown = 0
      for (const element of section.querySelectorAll<HTMLElement>('.operation')) {
        const summary = element.querySelector('summary')?.textContent?.toLowerCase() ?? ''
        element.hidden = !summary.includes(wanted)
        if (!element.hidden) shown++
      }
      section.hidden = shown === 0
    }
  })
  return [
    h(
      'header',
      {},
      h('a', { href: '/', class: 'home' }, 'CityEvents'),
      h('h1', {}, doc.info.title, ' API'),
      h(
        'p',
        { class: 'dim' },
        `Version ${doc.info.version} · `,
        h('a', { href: SOURCE }, 'OpenAPI document'),
      ),
      prose(doc.info.description),
      filter,
      h(
        'nav',
        { 'aria-label': 'Parts' },
        ...[...groups.keys()].map((tag) => h('a', { href: `#tag-${tag}` }, tag)),
      ),
    ),
    h('main', {}, ...sections),
  ]
}

function openFromHash() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  if (target instanceof HTMLDetailsElement) {
    target.open = true
    target.scrollIntoView()
  }
}

async function start() {
  const root = document.getElementById('docs')
  if (!root) return
  try {
    const response = await fetch(SOURCE)
    if (!response.ok) throw new Error(`${response.status}`)
    root.replaceChildren(...render((await response.json()) as Document))
    openFromHash()
    window.addEventListener('hashchange', openFromHash)
  } catch (error) {
    root.replaceChildren(
      h(
        'p',
        { role: 'alert' },
        'The API document could not be loaded. ',
        h('a', { href: SOURCE }, SOURCE),
        ` (${String(error)})`,
      ),
    )
  }
}

void start()
