import { queryOptions, useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, unwrap } from '../../api/client'
import { errorText } from '../../api/forms'
import { useMe, useSetMe, useSignOut } from '../../api/session'
import type { Me, SessionInfo } from '../../api/types'
import { useI18n } from '../../i18n'
import { formatAgo, formatDate, formatInstant } from '../../i18n/dates'
import { Button } from '../../ui/Button'
import { Dialog, DialogActions } from '../../ui/Dialog'
import { Alert, formClass, PasswordField, SelectField, TextField } from '../../ui/Field'
import { useNow, useTitle } from '../../ui/hooks'
import { Page } from '../../ui/Page'
import { Failure, Skeleton } from '../../ui/State'
import { useToast } from '../../ui/Toast'
import { useForm } from '../../ui/useForm'
import { Widget } from '../../ui/Widget'
import s from './AccountPage.module.css'
import { DeleteAccount } from './DeleteAccount'
import { PASSWORD_MAX, PASSWORD_MIN } from './rules'
import { describeAgent } from './userAgent'

const sessionsKey = queryOptions({ queryKey: ['sessions'] }).queryKey

export function AccountPage() {
  const { t } = useI18n()
  useTitle(t.account.title)
  const me = useMe().data
  const signOut = useSignOut()
  const say = useToast()
  if (!me) return null
  return (
    <Page
      title={t.account.title}
      actions={
        <Button
          onClick={() => {
            signOut().catch((error: unknown) => say(errorText(error, t)))
          }}
        >
          {t.nav.signOut}
        </Button>
      }
    >
      <div className={s.grid}>
        <div className={s.column}>
          <Profile me={me} />
          <ChangePassword me={me} />
          <DeleteAccount me={me} />
        </div>
        <Widget>
          <Sessions />
        </Widget>
      </div>
    </Page>
  )
}

function Profile({ me }: { me: Me }) {
  const { t, locale, setLocale } = useI18n()
  const setMe = useSetMe()
  const say = useToast()
  const form = useForm({
    submit: async ({ display_name, locale: chosen }) => {
      const next = chosen === 'de' ? 'de' : 'en'
      const saved = await unwrap(api.PATCH('/api/v1/me', { body: { display_name, locale: next } }))
      await setMe(saved)
      await setLocale(next)
      say(next === 'de' ? 'Gespeichert.' : 'Saved.')
    },
  })
  const role = t.account.roles[me.role]
  return (
    <section className={s.section} aria-labelledby="profile">
      <h2 id="profile">{t.account.profile}</h2>
      <p className={s.dim}>
        {me.email}
        {!me.email_verified && ` (${t.account.notVerified})`}
        {role && ` · ${role}`}
        <br />
        {t.account.since(formatDate(me.created_at, locale))}
      </p>
      <form className={formClass} {...form.props}>
        {form.errors.form && <Alert>{form.errors.form}</Alert>}
        <TextField
          {...form.field('display_name')}
          label={t.auth.name}
          hint={t.auth.nameHint}
          autoComplete="name"
          defaultValue={me.display_name}
          maxLength={80}
          required
        />
        <SelectField {...form.field('locale')} label={t.account.language} defaultValue={me.locale}>
          <option value="en" lang="en">
            English
          </option>
          <option value="de" lang="de">
            Deutsch
          </option>
        </SelectField>
        <Button type="submit" variant="primary" busy={form.busy}>
          {t.common.save}
        </Button>
      </form>
    </section>
  )
}

function ChangePassword({ me }: { me: Me }) {
  const { t } = useI18n()
  const client = useQueryClient()
  const setMe = useSetMe()
  const [done, setDone] = useState(false)
  const form = useForm({
    submit: async ({ current_password, new_password = '' }, element) => {
      setDone(false)
      await unwrap(
        api.POST('/api/v1/auth/change-password', { body: { current_password, new_password } }),
      )
      element.reset()
      setDone(true)
      await setMe({ ...me, has_password: true })
      await client.invalidateQueries({ queryKey: sessionsKey })
    },
  })
  return (
    <section className={s.section} aria-labelledby="password">
      <h2 id="password">{t.account.password}</h2>
      <p className={s.dim}>{me.has_password ? t.account.passwordLead : t.farewell.firstPassword}</p>
      <form className={formClass} {...form.props}>
        {form.errors.form && <Alert>{form.errors.form}</Alert>}
        {done && <Alert tone="good">{t.account.passwordChanged}</Alert>}
        {me.has_password && (
          <PasswordField
            {...form.field('current_password')}
            label={t.auth.currentPassword}
            autoComplete="current-password"
            maxLength={PASSWORD_MAX}
          />
        )}
        <PasswordField
          {...form.field('new_password')}
          label={t.auth.newPassword}
          hint={t.auth.passwordHint}
          autoComplete="new-password"
          minLength={PASSWORD_MIN}
          maxLength={PASSWORD_MAX}
        />
        <Button type="submit" busy={form.busy}>
          {me.has_password ? t.account.changePassword : t.farewell.setPassword}
        </Button>
      </form>
    </section>
  )
}

function Sessions() {
  const { t } = useI18n()
  const client = useQueryClient()
  const say = useToast()
  const [asking, setAsking] = useState(false)
  const list = useInfiniteQuery({
    queryKey: sessionsKey,
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET('/api/v1/me/sessions', {
          params: { query: { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  })
  const end = useMutation({
    mutationFn: (id: string | null) =>
      id === null
        ? unwrap(api.DELETE('/api/v1/me/sessions'))
        : unwrap(api.DELETE('/api/v1/me/sessions/{id}', { params: { path: { id } } })),
    onSuccess: () => say(t.account.ended),
    onSettled: () => client.invalidateQueries({ queryKey: sessionsKey }),
  })

  const sessions = (list.data?.pages.flatMap((page) => page.items) ?? []).sort(
    (a, b) => Number(b.current) - Number(a.current),
  )
  const others = sessions.filter((session) => !session.current)
  return (
    <section className={s.section} aria-labelledby="sessions">
      <h2 id="sessions">{t.account.sessions}</h2>
      {list.isPending && <Skeleton style={{ height: '12rem' }} />}
      {list.isError && (
        <Failure
          scope="widget"
          title={t.crash.widget}
          error={list.error}
          onRetry={() => void list.refetch()}
        />
      )}
      {end.isError && <Alert>{errorText(end.error, t)}</Alert>}
      <ul role="list" className={s.sessions}>
        {sessions.map((session) => (
          <Session
            key={session.id}
            session={session}
            busy={end.isPending && end.variables === session.id}
            onEnd={() => end.mutate(session.id)}
          />
        ))}
      </ul>
      {list.hasNextPage && (
        <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t.common.more}
        </Button>
      )}
      {others.length > 0 ? (
        <div>
          <Button variant="danger" busy={end.isPending} onClick={() => setAsking(true)}>
            {t.account.endOthers}
          </Button>
        </div>
      ) : (
        list.isSuccess && <p className={s.dim}>{t.account.noOthers}</p>
      )}
      <Dialog open={asking} onClose={() => setAsking(false)} title={t.account.endOthersTitle}>
        <p>{t.account.endOthersText}</p>
        <DialogActions>
          <Button
            variant="danger"
            onClick={() => {
              setAsking(false)
              end.mutate(null)
            }}
          >
            {t.account.endOthers}
          </Button>
          <Button onClick={() => setAsking(false)}>{t.common.cancel}</Button>
        </DialogActions>
      </Dialog>
    </section>
  )
}

function Session(props: { session: SessionInfo; busy: boolean; onEnd: () => void }) {
  const { session } = props
  const { t, locale } = useI18n()
  const now = useNow()
  const kind = session.kind === 'api' ? t.account.api : t.account.browser
  const name = describeAgent(session.user_agent) ?? kind
  return (
    <li>
      <div>
        <p>
          <span className={s.device}>{name}</span>
          {session.kind === 'api' && name !== kind && ` (${kind})`}
          {session.current && <span className={s.here}>{t.account.thisOne}</span>}
        </p>
        <p className={s.dim}>
          {[
            t.account.seen(formatAgo(session.last_seen_at, now, locale)),
            t.account.since_(formatInstant(session.created_at, locale)),
            session.ip,
          ]
            .filter(Boolean)
            .join(' · ')}
        </p>
      </div>
      {!session.current && (
        <Button
          size="small"
          busy={props.busy}
          aria-label={t.account.endNamed(name)}
          onClick={props.onEnd}
        >
          {t.account.end}
        </Button>
      )}
    </li>
  )
}
