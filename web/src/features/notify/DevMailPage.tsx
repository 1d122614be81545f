import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { configQuery } from '../../api/session'
import { useI18n } from '../../i18n'
import { formatAgo, formatInstant } from '../../i18n/dates'
import { Button, buttonClass } from '../../ui/Button'
import { useNow, useTitle } from '../../ui/hooks'
import { Page } from '../../ui/Page'
import { Empty, Failure, Skeleton } from '../../ui/State'
import s from './DevMailPage.module.css'
import { mailDocument, mailQuery, mailsQuery } from './mails'

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
    ...mailsQuery,
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
  const { data, error, isPending, refetch } = useQuery(mailQuery(id))
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
        {text ? (
          <pre className={s.text}>{data.text}</pre>
        ) : (
          <iframe
            className={s.frame}
            title={data.subject}
            // No scripts and no origin of its own; a link may leave the frame when it is clicked.
            sandbox="allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
            src={mailDocument(data.id)}
          />
        )}
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
