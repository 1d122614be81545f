// Plays the API with made-up data so that screens can be looked at without the server. Dev only.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'

const PORT = Number(process.env.PORT ?? 5290)
const DAY = 86_400_000
const CATS = [
  'music',
  'sport',
  'art',
  'theatre',
  'food',
  'tech',
  'talks',
  'family',
  'market',
  'outdoors',
  'community',
  'film',
  'wellbeing',
  'other',
]
const INKS = [
  ['#F3E7D3', '#2C4C9B', '#F2705A', '#221F4F'],
  ['#F4EAD9', '#1F6B52', '#F4A9A0', '#143B38'],
  ['#F5EAD4', '#D8432B', '#F3B941', '#861D24'],
  ['#F4E9D5', '#167C86', '#F6C453', '#0E4549'],
  ['#F4E6D6', '#5D3F91', '#F28A4B', '#311A4C'],
  ['#F2E8D8', '#BC3C2F', '#8FC3D8', '#4B1C31'],
  ['#F3EAD2', '#3C7042', '#EBC340', '#1C3D29'],
  ['#F5E8DB', '#8D2655', '#90D0B8', '#451339'],
]
const TITLES = {
  music: [
    'Brass on the Landwehr',
    'Late Set: Four Cellos',
    'Kammerkonzert im Hof',
    'Vinyl Only, Bar Closes at Two',
    'Choir Without an Audition',
  ],
  sport: [
    'Five Kilometres After Work',
    'Tischtennis für alle',
    'Learn to Fall: Judo Basics',
    'Night Bouldering',
  ],
  art: [
    'Paper, Scissors, City',
    'Rundgang der offenen Ateliers',
    'Drawing Strangers',
    'Open Studio: Risograph Weekend',
  ],
  theatre: [
    'The Lighthouse Keeper’s Third Wife',
    'Improtheater: Nichts ist sicher',
    'King Lear in Forty Minutes',
  ],
  food: ['Dumplings from Scratch', 'Brot backen mit Sauerteig', 'A Table for Thirty Strangers'],
  tech: [
    'Rust for People Who Fix Bicycles',
    'Linux-Sprechstunde',
    'What the Trams Know: Open Data Evening',
  ],
  talks: ['Why Pigeons Come Home', 'Die Stadt von unten: Kanalgeschichten', 'Maps That Lie'],
  family: ['Laternen basteln', 'Puppets in the Attic', 'Dinosaurs Before Bedtime'],
  market: [
    'Flohmarkt am Maybachufer',
    'Seeds, Bulbs and Cuttings',
    'Weihnachtsmarkt der Buchbinder',
  ],
  outdoors: [
    'Owls of the Tiergarten',
    'Frostwanderung um den Schlachtensee',
    'Stars over Tempelhof',
  ],
  community: ['Repair Café', 'Neighbours’ Soup', 'Sprachtandem am Dienstag'],
  film: ['Stummfilm mit Klavier', 'Short Films, Long Night', 'Kino im Waschsalon'],
  wellbeing: ['Yoga for Stiff People', 'Sauna, Silence, Snow', 'Atmen lernen'],
  other: ['A Very Slow Chess Tournament', 'Bring Your Own Map'],
}
const VENUES = {
  Berlin: ['Festsaal am Kanal', 'Alte Münze', 'Kulturhaus Wedding', 'Prinzenbad', 'Hof 12'],
  Hamburg: ['Hafenklang', 'Fabrik Altona', 'Kulturladen St. Georg'],
  Leipzig: ['Spinnerei Halle 14', 'Conne Island', 'Stadtbad'],
}
const hash = (s) =>
  [...s].reduce((h, c) => Math.imul(h ^ c.charCodeAt(0), 16777619) >>> 0, 2166136261)
const pad = (n) => String(n).padStart(2, '0')
const localOf = (d) =>
  `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}T${pad(d.getHours())}:${pad(d.getMinutes())}:00`
process.env.TZ = 'Europe/Berlin'
const iso = (d) => d.toISOString().replace(/\.\d+Z/, 'Z')

const users = new Map()
const sessions = new Map()
const events = new Map()
const joins = new Map() // eventId -> [{join_id,user_id,party_size,joined_at}]
const mails = []
const streams = new Map()
const tokens = new Map()
const answered = new Map()

function addUser(email, password, display_name, role = 'user', verified = true) {
  const u = {
    id: randomUUID(),
    email,
    password,
    display_name,
    locale: 'en',
    role,
    email_verified: verified,
    created_at: iso(new Date(Date.now() - 90 * DAY)),
  }
  users.set(email, u)
  return u
}
const mia = addUser('mia@example.org', 'correct horse battery', 'Mia Brandt')
const otto = addUser('otto@example.org', 'correct horse battery', 'Otto Weiss')
addUser('fresh@example.org', 'correct horse battery', 'Fresh Face', 'user', false)
const crowd = Array.from({ length: 60 }, (_, i) =>
  addUser(
    `g${i}@example.org`,
    'x',
    ['Ana', 'Ben', 'Chidi', 'Dana', 'Emre', 'Fatima', 'Greta', 'Hugo', 'Ines', 'Jonas'][i % 10] +
      ' ' +
      ['Adler', 'Berg', 'Costa', 'Demir', 'Engel', 'Fuchs'][i % 6],
  ),
)

const slugOf = (t) =>
  t
    .toLowerCase()
    .normalize('NFD')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
const mdHtml = (md) =>
  md
    .split(/\n\n+/)
    .map((p) =>
      p.startsWith('- ')
        ? `<ul>${p
            .split('\n')
            .map((l) => `<li>${inline(l.slice(2))}</li>`)
            .join('')}</ul>`
        : p.startsWith('## ')
          ? `<h2>${inline(p.slice(3))}</h2>`
          : `<p>${inline(p)}</p>`,
    )
    .join('')
const inline = (s) =>
  s
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/\*\*(.+?)\*\*/g, '<strong>$1</strong>')
    .replace(/\*(.+?)\*/g, '<em>$1</em>')

function addEvent(f, owner) {
  const id = f.id ?? randomUUID()
  const title = f.title
  const desc = f.description
  const wall = (l) => new Date(l)
  const e = {
    id,
    slug: slugOf(title),
    version: 1,
    status: 'draft',
    all_day: false,
    capacity: null,
    price: null,
    external_url: null,
    source: null,
    created_at: iso(new Date()),
    updated_at: iso(new Date()),
    published_at: null,
    cancelled_at: null,
    cancel_reason: null,
    timezone: 'Europe/Berlin',
    ...f,
    venue: { address: null, lat: null, lon: null, ...f.venue },
    organiser: { id: owner.id, display_name: owner.display_name },
    is_free: f.price ? false : (f.is_free ?? null),
    cover: {
      svg: `/media/covers/${f.category}/${id}.svg`,
      png: `/media/covers/${f.category}/${id}.png`,
    },
  }
  finish(e, desc, wall)
  events.set(id, e)
  joins.set(id, [])
  return e
}
function finish(e, desc, wall = (l) => new Date(l)) {
  e.description = desc
  e.description_html = mdHtml(desc)
  e.summary = desc.replace(/[*#-]/g, '').slice(0, 160)
  e.starts_at = iso(wall(e.starts_at_local))
  e.ends_at = iso(wall(e.ends_at_local))
}

const TEXT = `Bring a friend or come alone; by nine you will know half the room. We open the doors half an hour before and there is **soup** until it is gone.

The evening has three parts, and nobody minds if you only stay for one. The hall is warm, the chairs are not very comfortable, the people are.

## Good to know

- Step-free from the courtyard, the lift is on the left
- No booking beyond your place here; the door only asks for your name
- *Phones away* during the second part, please`
const base = new Date()
base.setHours(0, 0, 0, 0)
let n = 0
for (let d = -3; d < 35; d++) {
  const count = d < 0 ? 1 : 2 + (hash('d' + d) % 6)
  for (let i = 0; i < count; i++) {
    const h = hash(`e${d}.${i}`)
    const cat = CATS[(h >>> 3) % CATS.length]
    const list = TITLES[cat]
    const city = ['Berlin', 'Berlin', 'Hamburg', 'Leipzig'][(h >>> 7) % 4]
    const start = new Date(base.getTime() + d * DAY)
    start.setHours(d === 0 ? 18 + (i % 4) : 9 + ((h >>> 5) % 12), (h >>> 9) % 2 ? 30 : 0)
    const end = new Date(
      start.getTime() + (d < 0 ? 12 * DAY : (60 + ((h >>> 11) % 5) * 45) * 60000),
    )
    const cap = [null, 12, 40, 60, 8, 24][(h >>> 13) % 6]
    const e = addEvent(
      {
        id: `0190f3a0-0000-7000-8000-${String(h).padStart(12, '0')}`,
        title: list[n++ % list.length],
        description: TEXT,
        category: cat,
        city,
        language: /[äöüß]|für|mit|im |am |der |und/.test(list[(n - 1) % list.length]) ? 'de' : 'en',
        venue: {
          name: VENUES[city][h % VENUES[city].length],
          address: `Uferstraße ${1 + (h % 90)}, 1${h % 10}353 ${city}`,
          lat: 52.5 + (h % 100) / 1000,
          lon: 13.4 + (h % 77) / 1000,
        },
        starts_at_local: localOf(start),
        ends_at_local: localOf(end),
        all_day: d < 0,
        capacity: cap,
        price:
          (h >>> 17) % 3 === 0 ? ['12 €', '8 € / 5 €', 'pay what you like'][(h >>> 19) % 3] : null,
        is_free: (h >>> 17) % 3 === 1 ? true : null,
        external_url: (h >>> 21) % 3 ? null : 'https://example.org/programme',
      },
      i % 5 === 0 ? mia : otto,
    )
    e.status = 'published'
    e.published_at = e.created_at
    if ((h >>> 23) % 6 === 0)
      e.source = {
        name: 'Open city agenda',
        licence: 'CC BY 4.0',
        attribution: 'Contains information of the city’s open agenda.',
        url: 'https://example.org/data',
      }
    const going =
      cap === null
        ? h % 50
        : Math.min(
            crowd.length,
            (h >>> 2) % 3 === 0 ? cap + (h % 9) : Math.floor(cap * ((h % 100) / 100)),
          )
    joins.get(e.id).push(
      ...crowd.slice(0, going).map((u, k) => ({
        join_id: randomUUID(),
        user_id: u.id,
        party_size: 1,
        joined_at: iso(new Date(Date.now() - (going - k) * 3600e3)),
      })),
    )
  }
}
addEvent(
  {
    title: 'Winter Swimming, Properly',
    description: TEXT,
    category: 'sport',
    city: 'Berlin',
    language: 'en',
    venue: { name: 'Prinzenbad' },
    starts_at_local: localOf(new Date(base.getTime() + 9 * DAY + 8 * 3600e3)),
    ends_at_local: localOf(new Date(base.getTime() + 9 * DAY + 10 * 3600e3)),
    capacity: 20,
  },
  mia,
)
const gone = addEvent(
  {
    title: 'Rooftop Concert',
    description: TEXT,
    category: 'music',
    city: 'Berlin',
    language: 'en',
    venue: { name: 'Hof 12' },
    starts_at_local: localOf(new Date(base.getTime() + 5 * DAY + 19 * 3600e3)),
    ends_at_local: localOf(new Date(base.getTime() + 5 * DAY + 22 * 3600e3)),
    capacity: 20,
  },
  mia,
)
Object.assign(gone, {
  status: 'cancelled',
  cancelled_at: iso(new Date()),
  cancel_reason: 'The roof is being mended.',
})
const tokyo = addEvent(
  {
    title:
      'Broadcast from Shibuya: A Very Long Title About Listening to Trains, Rain and Department Store Announcements',
    description: TEXT,
    category: 'talks',
    city: 'Tokyo',
    language: 'en',
    venue: { name: 'Records & Rice', address: '1-2-3 Shibuya' },
    starts_at_local: localOf(new Date(base.getTime() + 6 * DAY + 19 * 3600e3)),
    ends_at_local: localOf(new Date(base.getTime() + 7 * DAY + 2 * 3600e3)),
    timezone: 'Asia/Tokyo',
    capacity: 30,
    price: '2500 ¥',
  },
  otto,
)
Object.assign(tokyo, {
  status: 'published',
  starts_at: iso(new Date(Date.parse(tokyo.starts_at) - 8 * 3600e3)),
  ends_at: iso(new Date(Date.parse(tokyo.ends_at) - 8 * 3600e3)),
})

function places(e) {
  const all = joins.get(e.id)
  const confirmed = e.capacity === null ? all.length : Math.min(all.length, e.capacity)
  return { capacity: e.capacity, confirmed, waitlisted: all.length - confirmed }
}
function participation(e, u) {
  const all = joins.get(e.id)
  const i = all.findIndex((j) => j.user_id === u.id)
  if (i < 0) return { status: 'none', position: null, party_size: 0, joined_at: null }
  const cap = e.capacity ?? Infinity
  return {
    status: i < cap ? 'confirmed' : 'waitlisted',
    position: i < cap ? null : i - cap + 1,
    party_size: 1,
    joined_at: all[i].joined_at,
  }
}
const card = (e) => ({
  id: e.id,
  slug: e.slug,
  title: e.title,
  summary: e.summary,
  category: e.category,
  language: e.language,
  city: e.city,
  venue_name: e.venue.name,
  starts_at: e.starts_at,
  ends_at: e.ends_at,
  starts_at_local: e.starts_at_local,
  ends_at_local: e.ends_at_local,
  timezone: e.timezone,
  all_day: e.all_day,
  is_free: e.is_free,
  price: e.price,
  places: places(e),
  cover: e.cover,
  organiser_name: e.organiser.display_name,
  source_name: e.source?.name ?? null,
})
const canEdit = (e, u) => !!u && (e.organiser.id === u.id || u.role !== 'user')
function view(e, u) {
  const p = u ? participation(e, u) : null
  const open = e.status === 'published' && Date.parse(e.starts_at) > Date.now()
  return {
    ...e,
    places: places(e),
    ...(u ? { participation: p } : {}),
    actions: {
      can_join: open && !!u && u.email_verified && p.status === 'none',
      can_leave: !!u && p.status !== 'none',
      can_edit: canEdit(e, u),
      reason: !open
        ? 'event_not_open'
        : !u
          ? 'unauthenticated'
          : !u.email_verified
            ? 'email_not_verified'
            : p.status !== 'none'
              ? 'already_joined'
              : null,
    },
    degraded: [],
  }
}
function tell(e) {
  for (const res of streams.get(e.id) ?? [])
    res.write(`event: places\ndata: ${JSON.stringify(places(e))}\n\n`)
}
function mail(to, subject, text, attachments = []) {
  mails.unshift({
    id: String(mails.length + 1),
    to,
    subject,
    sent_at: iso(new Date()),
    text,
    html: `<html><head><style>a{color:#2436c9}</style></head><body style="margin:0;background:#f2efe7;font-family:Arial"><div style="max-width:520px;margin:0 auto;padding:32px"><h1 style="font-size:28px">${subject}</h1><p style="line-height:1.5">${text.replace(/(http:\S+)/, '<a href="$1">$1</a>')}</p></div></body></html>`,
    attachments,
  })
}
function poster(cat, id) {
  const h = hash(cat + id)
  const [paper, a, b, over] = INKS[h % INKS.length]
  const k = (h >>> 4) % 4
  const flood = (h >>> 9) % 3
  const ground = flood === 0 ? paper : flood === 1 ? b : a
  const x = 200 + (h % 400),
    y = 300 + ((h >>> 6) % 400),
    r = 220 + ((h >>> 8) % 260)
  const s1 = flood === 2 ? paper : a,
    s2 = flood === 1 ? paper : b
  const shapes = [
    `<circle cx="${x}" cy="${y}" r="${r}" fill="${s1}"/><path d="M0 ${y}h800v${1000 - y}H0z" fill="${s2}"/><path d="M${x - r} ${y}a${r} ${r} 0 0 0 ${2 * r} 0z" fill="${over}"/>`,
    Array.from(
      { length: 7 },
      (_, i) =>
        `<path d="M-20 ${120 + i * 130}q200 ${-90 + (h % 60)} 420 0t420 0v60q-220 80-420 0t-420 0z" fill="${i % 3 === 0 ? over : i % 2 ? s1 : s2}"/>`,
    ).join(''),
    `<path d="M0 1000V${y}L${x} ${y - 260} 800 ${y + 120}V1000z" fill="${s1}"/><path d="M0 0h${x}v${y}H0z" fill="${s2}"/><circle cx="${800 - x / 2}" cy="240" r="150" fill="${over}"/>`,
    `<path d="M120 1000V420a280 280 0 0 1 560 0v580z" fill="${s1}"/><path d="M260 1000V440a140 140 0 0 1 280 0v560z" fill="${s2}"/><circle cx="400" cy="${180 + (h % 120)}" r="90" fill="${over}"/>`,
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 1000"><rect width="800" height="1000" fill="${ground}"/>${shapes[k]}</svg>`
}

class Refuse extends Error {
  constructor(status, code, errors) {
    super(code)
    Object.assign(this, { status, code, errors })
  }
}
const invalid = (field, code) =>
  new Refuse(422, 'validation_failed', [{ field, code, detail: code }])
function page(list, q, lim = 20) {
  const at = q.get('cursor') ? Number(Buffer.from(q.get('cursor'), 'base64url')) : 0
  const limit = Number(q.get('limit') ?? lim)
  return {
    items: list.slice(at, at + limit),
    next_cursor:
      at + limit < list.length ? Buffer.from(String(at + limit)).toString('base64url') : null,
  }
}
const safeMe = ({ password: _, ...u }) => u

async function handle(req, res) {
  const url = new URL(req.url, 'http://x')
  const q = url.searchParams
  const p = url.pathname
  const m = req.method
  let mt
  if ((mt = /^\/media\/covers\/(\w+)\/(.+)\.svg$/.exec(p))) {
    res.setHeader('content-type', 'image/svg+xml')
    return res.end(poster(mt[1], mt[2]))
  }
  const sid = /sid=([\w-]+)/.exec(req.headers.cookie ?? '')?.[1]
  const sess = sessions.get(sid)
  const u = sess ? users.get(sess.email) : null
  const need = () => {
    if (!u) throw new Refuse(401, 'unauthenticated')
    return u
  }
  if (p === '/api/openapi.json') {
    const { readFileSync } = await import('node:fs')
    res.setHeader('content-type', 'application/json')
    return res.end(readFileSync(process.env.OPENAPI ?? '/dev/null'))
  }
  let raw = ''
  for await (const c of req) raw += c
  const body = raw ? JSON.parse(raw) : {}
  const json = (status, value, headers = {}) => {
    res.writeHead(status, { 'content-type': 'application/json', ...headers })
    res.end(value === undefined ? undefined : JSON.stringify(value))
  }
  const ev = (id) => {
    const e = events.get(id)
    if (!e || (e.status === 'draft' && !canEdit(e, u))) throw new Refuse(404, 'not_found')
    return e
  }
  const key = `${m} ${p.replace(/^\/api\/v1/, '')}`
  const origin = `http://${req.headers.host}`
  if (q.has('__fail')) throw new Refuse(500, 'internal')
  switch (key) {
    case 'GET /config':
      return json(200, { mode: 'dev', version: 'mock', name: 'CityEvents' })
    case 'GET /me':
      return json(200, safeMe(need()))
    case 'PATCH /me':
      Object.assign(need(), body)
      return json(200, safeMe(u))
    case 'POST /auth/login': {
      const who = users.get(body.email)
      if (!who || who.password !== body.password) throw new Refuse(401, 'invalid_credentials')
      if (!who.email_verified) throw new Refuse(403, 'email_not_verified')
      const id = randomUUID()
      sessions.set(id, {
        id,
        email: who.email,
        created_at: iso(new Date()),
        last_seen_at: iso(new Date()),
        ip: '127.0.0.1',
        user_agent: req.headers['user-agent'] ?? null,
        kind: 'browser',
      })
      return json(200, { user: safeMe(who) }, { 'set-cookie': `sid=${id}; Path=/; HttpOnly` })
    }
    case 'POST /auth/logout':
      need()
      sessions.delete(sid)
      return json(204, undefined, { 'set-cookie': 'sid=; Path=/; Max-Age=0' })
    case 'POST /auth/register': {
      if (!/@/.test(body.email)) throw invalid('email', 'invalid_email')
      if (body.password === 'password1') throw invalid('password', 'password_too_weak')
      if (!users.has(body.email)) {
        addUser(body.email, body.password, body.display_name, 'user', false)
      }
      const tk = randomUUID()
      tokens.set(tk, body.email)
      mail(
        body.email,
        'Confirm your address',
        `One press and you are in: ${origin}/verify-email?token=${tk}`,
      )
      return json(202, { message: 'ok' })
    }
    case 'POST /auth/resend-verification': {
      const tk = randomUUID()
      tokens.set(tk, body.email)
      mail(
        body.email,
        'Confirm your address',
        `One press and you are in: ${origin}/verify-email?token=${tk}`,
      )
      return json(202, { message: 'ok' })
    }
    case 'POST /auth/verify-email': {
      const email = tokens.get(body.token)
      if (!email) throw invalid('token', 'token_invalid')
      tokens.delete(body.token)
      users.get(email).email_verified = true
      return json(204)
    }
    case 'POST /auth/forgot-password': {
      const tk = randomUUID()
      tokens.set(tk, body.email)
      mail(body.email, 'A new password', `Set it here: ${origin}/reset-password?token=${tk}`)
      return json(202, { message: 'ok' })
    }
    case 'POST /auth/reset-password': {
      const email = tokens.get(body.token)
      if (!email) throw invalid('token', 'token_invalid')
      if (body.password.length < 8) throw invalid('password', 'too_short')
      users.get(email).password = body.password
      return json(204)
    }
    case 'POST /auth/change-password':
      if (need().password !== body.current_password)
        throw invalid('current_password', 'wrong_password')
      u.password = body.new_password
      return json(204)
    case 'GET /me/sessions': {
      need()
      const mine = [...sessions.values()]
        .filter((s) => s.email === u.email)
        .map((s) => ({ ...s, current: s.id === sid }))
      return json(200, {
        items: [
          ...mine,
          {
            id: 'a1',
            created_at: iso(new Date(Date.now() - 9 * DAY)),
            last_seen_at: iso(new Date(Date.now() - 2 * DAY)),
            ip: '10.0.0.7',
            user_agent:
              'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
            kind: 'browser',
            current: false,
          },
          {
            id: 'a2',
            created_at: iso(new Date(Date.now() - 30 * DAY)),
            last_seen_at: iso(new Date(Date.now() - 3600e3)),
            ip: '10.0.0.8',
            user_agent: 'curl/8.5.0',
            kind: 'api',
            current: false,
          },
        ],
        next_cursor: null,
      })
    }
    case 'DELETE /me/sessions':
      need()
      return json(204)
    case 'GET /events': {
      let list = [...events.values()].filter(
        (e) => e.status === 'published' && Date.parse(e.ends_at) > Date.now(),
      )
      let corrected = null
      let term = q.get('q')?.toLowerCase()
      if (term === 'conzert') {
        corrected = 'konzert'
        term = 'konzert'
      }
      if (term)
        list = list.filter((e) =>
          `${e.title} ${e.venue.name} ${e.city} ${e.category}`
            .toLowerCase()
            .includes(term.slice(0, 6)),
        )
      if (term && list.length === 0)
        list = [...events.values()].filter(
          (e) => e.status === 'published' && e.title.toLowerCase().startsWith(term.slice(0, 5)),
        )
      for (const f of ['city', 'category', 'language'])
        if (q.get(f)) list = list.filter((e) => e[f] === q.get(f))
      if (q.get('free') === 'true') list = list.filter((e) => e.is_free)
      if (q.get('from')) list = list.filter((e) => e.ends_at_local.slice(0, 10) >= q.get('from'))
      if (q.get('to')) list = list.filter((e) => e.starts_at_local.slice(0, 10) <= q.get('to'))
      list.sort((a, b) => (a.starts_at < b.starts_at ? -1 : 1))
      if (q.get('sort') === 'trending')
        list.sort((a, b) => places(b).confirmed - places(a).confirmed)
      const pg = page(list, q)
      return json(200, { items: pg.items.map(card), next_cursor: pg.next_cursor, corrected })
    }
    case 'GET /feed': {
      const list = [...events.values()]
        .filter((e) => e.status === 'published' && Date.parse(e.starts_at) > Date.now())
        .sort((a, b) => places(b).confirmed - places(a).confirmed)
      const pg = page(list, q)
      return json(200, { items: pg.items.map(card), next_cursor: pg.next_cursor })
    }
    case 'GET /events/facets': {
      const c = (f) =>
        Object.entries(
          [...events.values()]
            .filter((e) => e.status === 'published')
            .reduce((o, e) => ({ ...o, [e[f]]: (o[e[f]] ?? 0) + 1 }), {}),
        )
          .map(([name, count]) => ({ name, count }))
          .sort((a, b) => b.count - a.count)
      return json(200, { cities: c('city'), categories: c('category') })
    }
    case 'GET /me/events': {
      need()
      const pg = page([...events.values()].filter((e) => e.organiser.id === u.id).reverse(), q)
      return json(200, { ...pg, items: pg.items.map((e) => ({ ...e, places: places(e) })) })
    }
    case 'GET /me/joins': {
      need()
      const past = q.get('when') === 'past'
      const items = [...events.values()]
        .filter(
          (e) =>
            joins.get(e.id).some((j) => j.user_id === u.id) &&
            Date.parse(e.ends_at) < Date.now() === past,
        )
        .sort((a, b) => (a.starts_at < b.starts_at ? -1 : 1))
        .map((e) => ({
          join_id: joins.get(e.id).find((j) => j.user_id === u.id).join_id,
          event_id: e.id,
          ...participation(e, u),
          event: card(e),
        }))
      return json(200, page(items, q))
    }
    case 'POST /events': {
      need()
      check(body)
      const e = addEvent(body, u)
      return json(201, e, { etag: `"${e.version}"` })
    }
    case 'GET /dev/mails':
      return json(200, {
        items: mails
          .slice(0, Number(q.get('limit') ?? 50))
          .map(({ id, to, subject, sent_at }) => ({ id, to, subject, sent_at })),
      })
  }
  if ((mt = /^\/api\/v1\/dev\/mails\/(.+)$/.exec(p))) {
    const found = mails.find((x) => x.id === mt[1])
    if (!found) throw new Refuse(404, 'not_found')
    return json(200, found)
  }
  if (/^\/api\/v1\/me\/sessions\//.test(p)) return json(204)
  if ((mt = /^\/api\/v1\/events\/([^/]+)(?:\/([\w.]+))?$/.exec(p))) {
    const e = ev(mt[1])
    const what = `${m} ${mt[2] ?? ''}`
    const match = req.headers['if-match']
    const conflict = () => {
      if (match && match !== `"${e.version}"`) throw new Refuse(412, 'precondition_failed')
    }
    const bump = () => {
      e.version++
      e.updated_at = iso(new Date())
    }
    const once = (fn) => {
      const k = req.headers['idempotency-key']
      if (!k) throw invalid('Idempotency-Key', 'idempotency_key_missing')
      const kk = `${u.id} ${k}`
      if (!answered.has(kk)) answered.set(kk, fn())
      json(200, answered.get(kk))
    }
    switch (what) {
      case 'GET ':
        return json(200, view(e, u), { etag: `"${e.version}-${places(e).confirmed}"` })
      case 'PATCH ': {
        if (!canEdit(e, need())) throw new Refuse(403, 'forbidden')
        if (!match) throw new Refuse(428, 'precondition_required')
        conflict()
        const { accept_overbooking, ...f } = body
        check({ ...e, ...f }, true)
        if (
          typeof f.capacity === 'number' &&
          f.capacity < places(e).confirmed &&
          !accept_overbooking
        )
          throw new Refuse(409, 'capacity_below_confirmed')
        Object.assign(e, f, { venue: { ...e.venue, ...f.venue } })
        finish(e, e.description)
        bump()
        tell(e)
        return json(200, e, { etag: `"${e.version}"` })
      }
      case 'POST publish':
        conflict()
        if (e.status !== 'draft') throw new Refuse(409, 'wrong_state')
        e.status = 'published'
        bump()
        return json(200, e)
      case 'POST unpublish':
        conflict()
        e.status = 'draft'
        bump()
        return json(200, e)
      case 'POST cancel':
        conflict()
        Object.assign(e, { status: 'cancelled', cancel_reason: body.reason ?? null })
        bump()
        return json(200, e)
      case 'POST join':
        need()
        return once(() => {
          const all = joins.get(e.id)
          if (all.some((j) => j.user_id === u.id)) throw new Refuse(409, 'already_joined')
          const j = {
            join_id: randomUUID(),
            user_id: u.id,
            party_size: 1,
            joined_at: iso(new Date()),
          }
          all.push(j)
          tell(e)
          mail(u.email, `Your place: ${e.title}`, 'See you there.', [
            { name: 'event.ics', content_type: 'text/calendar', text: 'BEGIN:VCALENDAR' },
          ])
          return { ...j, event_id: e.id, ...participation(e, u), places: places(e) }
        })
      case 'POST leave':
        need()
        return once(() => {
          const all = joins.get(e.id)
          const i = all.findIndex((j) => j.user_id === u.id)
          if (i < 0) throw new Refuse(409, 'not_joined')
          all.splice(i, 1)
          tell(e)
          return { event_id: e.id, status: 'left', left_at: iso(new Date()), places: places(e) }
        })
      case 'GET participants': {
        if (!canEdit(e, need())) throw new Refuse(403, 'forbidden')
        const all = joins
          .get(e.id)
          .map((j) => {
            const who = [...users.values()].find((x) => x.id === j.user_id)
            return { ...j, display_name: who.display_name, ...participation(e, who) }
          })
          .filter((j) => j.status === (q.get('status') ?? 'confirmed'))
        return json(200, page(all, q))
      }
      case 'GET live': {
        res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
        const set = streams.get(e.id) ?? new Set()
        streams.set(e.id, set.add(res))
        res.write(`event: places\ndata: ${JSON.stringify(places(e))}\n\n`)
        req.socket.on('close', () => set.delete(res))
        return
      }
      case 'GET calendar.ics':
        res.setHeader('content-type', 'text/calendar')
        return res.end('BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n')
    }
  }
  throw new Refuse(404, 'not_found')
}
function check(b) {
  const errors = []
  if (!b.title?.trim()) errors.push({ field: 'title', code: 'required', detail: '' })
  if (b.ends_at_local <= b.starts_at_local)
    errors.push({ field: 'ends_at_local', code: 'ends_before_start', detail: '' })
  if (b.venue?.lat != null && Math.abs(b.venue.lat) > 90)
    errors.push({ field: 'venue.lat', code: 'out_of_range', detail: '' })
  if (errors.length) throw new Refuse(422, 'validation_failed', errors)
}
createServer((req, res) => {
  handle(req, res).catch((e) => {
    if (!(e instanceof Refuse)) console.error(e)
    const status = e.status ?? 500
    res.writeHead(status, { 'content-type': 'application/problem+json' })
    res.end(
      JSON.stringify({
        type: `/errors/${e.code ?? 'internal'}`,
        title: e.message,
        status,
        detail: e.message,
        code: e.status ? e.code : 'internal',
        errors: e.errors,
        trace_id: randomUUID().replaceAll('-', ''),
      }),
    )
  })
}).listen(PORT, '127.0.0.1', () => console.log(`mock API on http://127.0.0.1:${PORT}`))
