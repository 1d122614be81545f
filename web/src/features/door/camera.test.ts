import { expect, it } from 'vitest'
import { onceInSight } from './camera'

it('a code held still is told once, and again after it was away', () => {
  const isNew = onceInSight(2000)
  expect([isNew('a', 0), isNew('a', 500), isNew('b', 900), isNew('a', 2400)]).toEqual([
    true,
    false,
    true,
    false,
  ])
  expect(isNew('a', 4401)).toBe(true)
})
