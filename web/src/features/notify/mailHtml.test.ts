import { expect, it } from 'vitest'
import { prepareMail } from './mailHtml'

it('a mail keeps its look but nothing that acts', () => {
  const { srcdoc, sheets } = prepareMail(
    '<html><head><style>a{color:red}</style><script>alert(1)</script></head>' +
      '<body style="margin:0" onload="alert(2)"><a href="/verify-email?token=x" onclick="y()">go</a></body></html>',
  )
  expect(sheets).toEqual(['a{color:red}'])
  expect(srcdoc).toContain('data-held-style="margin:0"')
  expect(srcdoc).toContain('target="_top"')
  expect(srcdoc).not.toMatch(/<script|onload|onclick| style=/)
})
