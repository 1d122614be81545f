import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { api, unwrap } from '../../api/client'
import { configQuery } from '../../api/session'
import type { Mail } from '../../api/types'
import { useI18n } from '../../i18n'
import { formatAgo, formatInstant } from '../../i18n/dates'
import { Button, buttonClass } from '../../ui/Button'
import { useNow, useTitle } from '../../ui/hooks'
import { Page } from '../../ui/Page'
import { Empty, Failure, Skeleton } from '../../ui/State'
import s from './DevMailPage.module.css'
import { dressMail, prepareMail } from './mailHtml'

const route = getRouteApi('/dev/mail')
const REFRESH_MS = 5000

export function DevMailPage() {
  const { t, locale } = useI18n()
  useTitle(t.mail.title)
  const { id } = route.useSearch()
  const now = useNow()
  const config = useQuery(configQuery)
  const dev = config.data?.mode === 'dev'
  const list = useQuery({
    queryKey: ['mails'],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/dev/mails', { params: { query: { limit: 100 } }, signal })),
    refetchInterval: REFRESH_MS,
    enabled: dev,
  })
  if (config.isSuccess && !dev) {
    return (
      <Page title={t.mail.title} small>
        <Empty title={t.mail.off} />
      </Page>
    )
  }
  const mails = list.data?.items ?? []
  return (
    <Page
      title={t.mail.title}
      lead={t.mail.lead}
      small
      actions={
        <Button busy={list.isFetching && !list.isSuccess} onClick={() => void list.refetch()}>
          {t.mail.refresh}
        </Button>
      }
    >
      {list.isPending && <Skeleton style={{ height: '14rem' }} />}
      {list.isError && mails.length === 0 && (
        <Failure title={t.crash.widget} error={list.error} onRetry={() => void list.refetch()} />
      )}
      {list.isSuccess && mails.length === 0 && (
        <Empty title={t.mail.empty} hint={t.mail.emptyHint} />
      )}
      {mails.length > 0 && (
        <div className={s.layout} data-open={!!id}>
          <ul role="list" className={s.list}>
            {mails.map((mail) => (
              <li key={mail.id}>
                <Link
                  to="/dev/mail"
                  search={{ id: mail.id }}
                  aria-current={mail.id === id ? 'true' : undefined}
                  activeProps={{}}
                >
                  <span className={s.subject}>{mail.subject}</span>
                  <span className={s.dim}>
                    {t.mail.to(mail.to)} · {formatAgo(mail.sent_at, now, locale)}
                  </span>
                </Link>
              </li>
            ))}
          </ul>
          {id ? <Reader key={id} id={id} /> : <p className={s.dim}>{t.mail.choose}</p>}
        </div>
      )}
    </Page>
  )
}

function Reader({ id }: { id: string }) {
  const { t, locale } = useI18n()
  const [asText, setAsText] = useState(false)
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['mails', id],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/dev/mails/{id}', { params: { path: { id } }, signal })),
    staleTime: Infinity,
  })
  if (isPending) return <Skeleton style={{ height: '24rem' }} />
  if (!data) {
    return (
      <Failure scope="widget" title={t.crash.widget} error={error} onRetry={() => void refetch()} />
    )
  }
  const text = asText || !data.html
  return (
    <div>
      <Link to="/dev/mail" className={`${buttonClass({ variant: 'plain' })} ${s.back}`}>
        {t.mail.back}
      </Link>
      <article className={s.mail}>
        <header>
          <h2>{data.subject}</h2>
          <p className={s.dim}>
            {t.mail.to(data.to)} · {formatInstant(data.sent_at, locale)}
          </p>
          {data.html && (
            <p className={s.switch}>
              <button type="button" aria-pressed={!asText} onClick={() => setAsText(false)}>
                {t.mail.html}
              </button>
              <button type="button" aria-pressed={asText} onClick={() => setAsText(true)}>
                {t.mail.text}
              </button>
            </p>
          )}
        </header>
        {text ? <pre className={s.text}>{data.text}</pre> : <Frame mail={data} />}
        {data.attachments.length > 0 && (
          <div className={s.attachments}>
            <h3>{t.mail.attachments}</h3>
            {data.attachments.map((part) => (
              <details key={part.name}>
                <summary>
                  {part.name} ({part.content_type})
                </summary>
                <pre className={s.text}>{part.text}</pre>
              </details>
            ))}
          </div>
        )}
      </article>
    </div>
  )
}

function Frame({ mail }: { mail: Mail }) {
  const prepared = useMemo(() => prepareMail(mail.html ?? ''), [mail.html])
  const [height, setHeight] = useState(0)
  return (
    <iframe
      className={s.frame}
      title={mail.subject}
      // No scripts; same origin only so that this page may hand the styles back in.
      sandbox="allow-same-origin allow-top-navigation-by-user-activation"
      srcDoc={prepared.srcdoc}
      style={{ height: height || undefined }}
      onLoad={(event) => setHeight(dressMail(event.currentTarget, prepared.sheets))}
    />
  )
}
