import { expect, it } from 'vitest'
import { describeAgent } from './userAgent'

it('a device is named so that its owner knows it', () => {
  expect(
    describeAgent(
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
    ),
  ).toBe('Safari, iPhone')
  expect(
    describeAgent(
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36 Edg/130.0',
    ),
  ).toBe('Edge, Windows')
  expect(describeAgent('curl/8.5.0')).toBe('curl/8.5.0')
  expect(describeAgent(null)).toBeNull()
})
