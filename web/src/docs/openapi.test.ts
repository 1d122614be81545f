import { describe, expect, it } from 'vitest'
import { accessOf, boundsOf, byTag, reachable, typeOf, type Document } from './openapi'

const doc: Document = {
  info: { title: 'T', version: '1' },
  security: [{ bearer: [] }],
  tags: [{ name: 'joins' }, { name: 'empty' }],
  paths: {
    '/b': { get: { tags: ['joins'], operationId: 'b', security: [] } },
    '/a': { parameters: [{ name: 'id', in: 'path' }], post: { tags: ['feed'] } },
  },
  components: {
    schemas: {
      Page: {
        type: 'object',
        properties: { items: { type: 'array', items: { $ref: '#/components/schemas/Node' } } },
      },
      Node: {
        type: 'object',
        properties: { next: { oneOf: [{ type: 'null' }, { $ref: '#/components/schemas/Node' }] } },
      },
    },
  },
}

describe('the API document', () => {
  it('is grouped by tag, without empty ones, shared parameters included', () => {
    const groups = byTag(doc)
    expect([...groups.keys()]).toEqual(['joins', 'feed'])
    expect(groups.get('feed')?.[0]?.operation.parameters).toHaveLength(1)
  })
  it('says who may call', () => {
    expect(accessOf(doc, { security: [] })).toBe('public')
    expect(accessOf(doc, {})).toBe('signed in')
    expect(accessOf(doc, { security: [{}, { bearer: [] }] })).toBe('public')
    expect(accessOf(doc, { 'x-access': 'organiser' })).toBe('organiser')
  })
  it('follows references without running in circles', () => {
    expect([...reachable(doc, { $ref: '#/components/schemas/Page' })]).toEqual(['Page', 'Node'])
  })
  it('puts types and bounds in words', () => {
    expect(typeOf({ type: ['integer', 'null'] })).toBe('integer or null')
    expect(typeOf({ type: 'array', items: { $ref: '#/components/schemas/Node' } })).toBe('Node[]')
    expect(boundsOf({ minimum: 1, maximum: 100, default: 20 })).toBe('1 to 100, default 20')
  })
})
