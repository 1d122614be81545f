import { expect, it } from 'vitest'
import { de } from './de'
import { en } from './en'
import { detectLocale } from './index'

it('both languages have words for the same problem codes and reasons', () => {
  expect(Object.keys(de.errors).sort()).toEqual(Object.keys(en.errors).sort())
  expect(Object.keys(de.place.reasons).sort()).toEqual(Object.keys(en.place.reasons).sort())
})

it('one person and several are told apart', () => {
  expect(en.place.waiting(1)).toBe('1 person in line')
  expect(en.place.waiting(5)).toBe('5 people in line')
  expect(de.place.leftWord(1)).toBe('Platz frei')
  expect(en.place.inLine(3)).toBe('You’re 3rd in line.')
})

it('the language is the stored one, else the browser’s first that we speak, else English', () => {
  expect(detectLocale('de', ['en-GB'])).toBe('de')
  expect(detectLocale(null, ['fr-FR', 'de-AT', 'en'])).toBe('de')
  expect(detectLocale('xx', ['fr'])).toBe('en')
})
