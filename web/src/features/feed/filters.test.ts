import { describe, expect, it } from 'vitest'
import { daysOf, isFiltered, parseFilters, sortOf, toQuery } from './filters'

const WEDNESDAY = '2027-06-09'

describe('filters in the address bar', () => {
  it('are read as they stand', () => {
    const search = {
      q: ' jazz ',
      city: 'Berlin',
      category: 'music',
      when: 'weekend',
      free: 'true',
      language: 'de',
      sort: 'trending',
    }
    expect(parseFilters(search)).toEqual({
      q: 'jazz',
      city: 'Berlin',
      category: 'music',
      when: 'weekend',
      free: true,
      language: 'de',
      sort: 'trending',
    })
  })
  it('survive a round trip', () => {
    const filters = parseFilters({
      q: 'käse',
      near: '52.52,13.405',
      radius_km: '5',
      from: '2027-06-10',
    })
    expect(parseFilters(filters)).toEqual(filters)
  })
  it('that make no sense are dropped, never an error', () => {
    expect(
      parseFilters({
        q: '   ',
        category: 'music; drop table',
        when: 'yesterday',
        from: '2027-13-45',
        near: 'here',
        radius_km: '5',
        free: 'maybe',
        language: 'Deutsch!',
        sort: {},
        city: ['a'],
        utm_source: 'x',
      }),
    ).toEqual({})
    expect(parseFilters({ q: 'x'.repeat(5000) }).q).toHaveLength(200)
  })
  it('keep a search for a number', () => {
    expect(parseFilters({ q: 1984 })).toEqual({ q: '1984' })
  })
  it('prefer given days to a relative word, and never end before they start', () => {
    expect(parseFilters({ when: 'week', from: '2027-06-10', to: '2027-06-01' })).toEqual({
      from: '2027-06-10',
    })
  })
})

describe('relative days', () => {
  it('mean the reader’s days', () => {
    expect(daysOf('today', WEDNESDAY)).toEqual({ from: WEDNESDAY, to: WEDNESDAY })
    expect(daysOf('tomorrow', '2027-12-31')).toEqual({ from: '2028-01-01', to: '2028-01-01' })
    expect(daysOf('week', WEDNESDAY)).toEqual({ from: WEDNESDAY, to: '2027-06-15' })
  })
  it('a weekend is the coming one, or what is left of the present one', () => {
    expect(daysOf('weekend', WEDNESDAY)).toEqual({ from: '2027-06-12', to: '2027-06-13' })
    expect(daysOf('weekend', '2027-06-12')).toEqual({ from: '2027-06-12', to: '2027-06-13' })
    expect(daysOf('weekend', '2027-06-13')).toEqual({ from: '2027-06-13', to: '2027-06-13' })
    expect(daysOf('weekend', '2027-06-14')).toEqual({ from: '2027-06-19', to: '2027-06-20' })
  })
})

describe('the API’s query', () => {
  it('has days instead of words', () => {
    expect(toQuery({ q: 'jazz', when: 'today', free: true }, WEDNESDAY)).toEqual({
      q: 'jazz',
      from: WEDNESDAY,
      to: WEDNESDAY,
      free: true,
    })
  })
  it('has a radius whenever it has a place', () => {
    expect(toQuery({ near: '52.5,13.4' }, WEDNESDAY)).toEqual({ near: '52.5,13.4', radius_km: 10 })
    expect(toQuery({ radius_km: 3 }, WEDNESDAY)).toEqual({})
  })
})

it('words are answered by the best match first, unless asked otherwise', () => {
  expect(sortOf({})).toBe('soonest')
  expect(sortOf({ q: 'jazz' })).toBe('relevance')
  expect(sortOf({ q: 'jazz', sort: 'soonest' })).toBe('soonest')
  expect(isFiltered({ sort: 'trending' })).toBe(false)
  expect(isFiltered({ city: 'Berlin' })).toBe(true)
})
