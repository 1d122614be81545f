// Writes the recording and alerting rules, their tests, and the Grafana dashboards: `./dev regen` runs it. What is asked of the program is
// said once, here; the objectives are those of docs/operations/objectives.md.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const DOCS = 'docs/runbooks'

// --- objectives -------------------------------------------------------------------------------------------------------------

const door = (route, method) => `role="bff",http_route="${route}",http_request_method="${method}"`
const REQUESTS = 'http_server_request_duration_seconds'

/** Of a request: how many must be answered, and how fast. `seconds` is an upper bound of a bucket. */
const OPERATIONS = [
  { slo: 'join', labels: door('/api/v1/events/{id}/join', 'POST'), seconds: '0.25' },
  { slo: 'list', labels: door('/api/v1/events', 'GET'), seconds: '0.25' },
  { slo: 'event', labels: door('/api/v1/events/{id}', 'GET'), seconds: '0.25' },
  { slo: 'sign-in', labels: door('/api/v1/auth/login', 'POST'), seconds: '1.0' },
]

/** What a share of is bad, and how much of it may be: 99.9 % of requests are answered, 99 % are fast. */
const OBJECTIVES = [
  ...OPERATIONS.map(({ slo, labels }) => ({
    slo,
    kind: 'availability',
    budget: 0.001,
    total: (w) => `sum(rate(${REQUESTS}_count{${labels}}[${w}]))`,
    bad: (w) => `(sum(rate(${REQUESTS}_count{${labels},http_response_status_class="5xx"}[${w}])) or vector(0))`,
  })),
  ...OPERATIONS.map(({ slo, labels, seconds }) => ({
    slo,
    kind: 'latency',
    budget: 0.01,
    total: (w) => `sum(rate(${REQUESTS}_count{${labels}}[${w}]))`,
    bad: (w) =>
      `(sum(rate(${REQUESTS}_count{${labels}}[${w}])) - sum(rate(${REQUESTS}_bucket{${labels},le="${seconds}"}[${w}])))`,
  })),
  {
    slo: 'search',
    kind: 'latency',
    budget: 0.01,
    total: (w) => `sum(rate(cityevents_feed_list_duration_seconds_count{kind="search"}[${w}]))`,
    bad: (w) =>
      `(sum(rate(cityevents_feed_list_duration_seconds_count{kind="search"}[${w}])) - sum(rate(cityevents_feed_list_duration_seconds_bucket{kind="search",le="1.0"}[${w}])))`,
  },
  {
    slo: 'messages',
    kind: 'delay',
    budget: 0.01,
    total: (w) => `sum(rate(cityevents_bus_delay_seconds_count[${w}]))`,
    bad: (w) =>
      `(sum(rate(cityevents_bus_delay_seconds_count[${w}])) - sum(rate(cityevents_bus_delay_seconds_bucket{le="5.0"}[${w}])))`,
  },
  {
    slo: 'mails',
    kind: 'delay',
    budget: 0.01,
    total: (w) => `sum(rate(cityevents_mail_delay_seconds_count[${w}]))`,
    bad: (w) =>
      `(sum(rate(cityevents_mail_delay_seconds_count[${w}])) - sum(rate(cityevents_mail_delay_seconds_bucket{le="60.0"}[${w}])))`,
  },
]

const WINDOWS = ['5m', '30m', '1h', '2h', '6h', '1d', '3d']

/** How fast the budget of a month burns: the long window says that it matters, the short one that it still goes on. */
const BURNS = [
  { speed: 'Fast', factor: 14.4, long: '1h', short: '5m', severity: 'page', for: '2m' },
  { speed: 'Fast', factor: 6, long: '6h', short: '30m', severity: 'page', for: '15m' },
  { speed: 'Slow', factor: 3, long: '1d', short: '2h', severity: 'ticket', for: '1h' },
  { speed: 'Slow', factor: 1, long: '3d', short: '6h', severity: 'ticket', for: '3h' },
]

const ALERT_OF = { availability: 'AvailabilityBudgetBurns', latency: 'LatencyBudgetBurns', delay: 'DelayBudgetBurns' }
const WHAT_OF = {
  availability: 'too many requests of {{ $labels.slo }} fail',
  latency: 'too many requests of {{ $labels.slo }} are slow',
  delay: '{{ $labels.slo }} are late',
}

// --- alerts beside the budgets ----------------------------------------------------------------------------------------------

/** `fires` and `silent` are series for the test: name with labels, and values a minute apart. */
const ALERTS = [
  {
    alert: 'InstanceDown',
    expr: 'up{job="cityevents"} == 0',
    for: '2m',
    severity: 'page',
    summary: '{{ $labels.instance }} does not answer',
    fires: { 'up{job="cityevents",instance="a"}': '0x20' },
    silent: { 'up{job="cityevents",instance="a"}': '1 0 1x20' },
  },
  {
    alert: 'DependencyDown',
    expr: 'cityevents_dependency_up == 0',
    for: '1m',
    severity: 'page',
    summary: '{{ $labels.dependency }} does not answer',
    fires: { 'cityevents_dependency_up{dependency="database"}': '0x20' },
    silent: { 'cityevents_dependency_up{dependency="database"}': '1x5 0 1x20' },
  },
  {
    alert: 'OutboxStuck',
    expr: 'max by (role) (cityevents_outbox_oldest_seconds) > 60',
    for: '2m',
    severity: 'page',
    summary: 'messages of {{ $labels.role }} are not handed over',
    fires: { 'cityevents_outbox_oldest_seconds{role="joins"}': '0+60x20' },
    silent: { 'cityevents_outbox_oldest_seconds{role="joins"}': '30x20' },
  },
  {
    alert: 'ConsumerBehind',
    expr: 'max by (consumer) (cityevents_bus_lag_seconds) > 60',
    for: '5m',
    severity: 'ticket',
    summary: '{{ $labels.consumer }} is behind',
    fires: { 'cityevents_bus_lag_seconds{consumer="feed"}': '0+60x20' },
    silent: { 'cityevents_bus_lag_seconds{consumer="feed"}': '0 100 100 0x20' },
  },
  {
    alert: 'MessagesParked',
    expr: 'max by (consumer) (cityevents_bus_parked_now) > 0',
    for: '1m',
    severity: 'ticket',
    summary: '{{ $labels.consumer }} has messages that failed for good',
    fires: { 'cityevents_bus_parked_now{consumer="feed"}': '0 1x20' },
    silent: { 'cityevents_bus_parked_now{consumer="feed"}': '0x20' },
  },
  {
    alert: 'MailsWait',
    expr: 'max(cityevents_mail_oldest_seconds) > 300',
    for: '2m',
    severity: 'page',
    summary: 'no mail gets out',
    fires: { cityevents_mail_oldest_seconds: '0+60x20' },
    silent: { cityevents_mail_oldest_seconds: '60x20' },
  },
  {
    alert: 'MailsFailed',
    expr: 'max(cityevents_mail_queue{state="failed"}) > 0',
    for: '5m',
    severity: 'ticket',
    summary: 'mails failed for good',
    fires: { 'cityevents_mail_queue{state="failed"}': '2x20' },
    silent: { 'cityevents_mail_queue{state="failed"}': '0x20' },
  },
  {
    alert: 'InvariantBroken',
    expr: 'max by (rule) (cityevents_joins_violations) > 0',
    for: '0m',
    severity: 'page',
    summary: 'the audit found: {{ $labels.rule }} does not hold',
    fires: { 'cityevents_joins_violations{rule="no event is oversold"}': '0 1x20' },
    silent: { 'cityevents_joins_violations{rule="no event is oversold"}': '0x20' },
  },
  {
    alert: 'SomebodyWaitedBesideAFreePlace',
    expr: 'sum(increase(cityevents_joins_neglected_total[15m])) > 0',
    for: '0m',
    severity: 'ticket',
    summary: 'a free place was not given at once',
    fires: { cityevents_joins_neglected_total: '0 0 1x20' },
    silent: { cityevents_joins_neglected_total: '3x20' },
  },
  {
    alert: 'JoinsSentAway',
    expr: 'sum(rate(cityevents_joins_shed_total[5m])) > 0',
    for: '5m',
    severity: 'page',
    summary: 'more people join than a moment can serve',
    fires: { cityevents_joins_shed_total: '0+60x20' },
    silent: { cityevents_joins_shed_total: '5x20' },
  },
  {
    alert: 'SignInsUnderAttack',
    expr: 'sum(rate(cityevents_auth_lockouts_total[5m])) > 1',
    for: '5m',
    severity: 'ticket',
    summary: 'many sign-ins are refused because too many failed',
    fires: { 'cityevents_auth_lockouts_total{policy="network"}': '0+120x20' },
    silent: { 'cityevents_auth_lockouts_total{policy="network"}': '0+6x20' },
  },
  {
    alert: 'DatabaseConnectionsRunOut',
    expr: 'sum by (instance, pool) (db_client_connection_count{state="used"}) / sum by (instance, pool) (db_client_connection_count{state="max"}) > 0.9',
    for: '5m',
    severity: 'ticket',
    summary: 'nearly all connections of {{ $labels.pool }} are in use',
    fires: {
      'db_client_connection_count{pool="joins",state="used"}': '10x20',
      'db_client_connection_count{pool="joins",state="max"}': '10x20',
    },
    silent: {
      'db_client_connection_count{pool="joins",state="used"}': '5x20',
      'db_client_connection_count{pool="joins",state="max"}': '10x20',
    },
  },
  {
    alert: 'RuntimeStalls',
    expr: 'histogram_quantile(0.99, sum by (instance, le) (rate(tokio_runtime_wake_delay_seconds_bucket{runtime="main"}[5m]))) > 0.25',
    for: '5m',
    severity: 'ticket',
    summary: 'tasks of {{ $labels.instance }} wait for a thread',
    fires: {
      'tokio_runtime_wake_delay_seconds_bucket{runtime="main",le="0.25"}': '0x20',
      'tokio_runtime_wake_delay_seconds_bucket{runtime="main",le="0.5"}': '0+60x20',
      'tokio_runtime_wake_delay_seconds_bucket{runtime="main",le="+Inf"}': '0+60x20',
    },
    silent: {
      'tokio_runtime_wake_delay_seconds_bucket{runtime="main",le="0.25"}': '0+60x20',
      'tokio_runtime_wake_delay_seconds_bucket{runtime="main",le="0.5"}': '0+60x20',
      'tokio_runtime_wake_delay_seconds_bucket{runtime="main",le="+Inf"}': '0+60x20',
    },
  },
  {
    alert: 'DescriptorsRunOut',
    expr: 'process_open_fds / process_max_fds > 0.8',
    for: '5m',
    severity: 'ticket',
    summary: '{{ $labels.instance }} has nearly no files and connections left',
    fires: { process_open_fds: '900x20', process_max_fds: '1000x20' },
    silent: { process_open_fds: '90x20', process_max_fds: '1000x20' },
  },
  {
    alert: 'TracesLost',
    expr: 'sum by (instance) (increase(cityevents_trace_export_failures_total[15m])) > 3',
    for: '5m',
    severity: 'ticket',
    summary: 'no collector takes the spans of {{ $labels.instance }}',
    fires: { cityevents_trace_export_failures_total: '0+10x30' },
    silent: { cityevents_trace_export_failures_total: '7x30' },
  },
]

// --- YAML, as far as it is needed here ------------------------------------------------------------------------------------------

const quoted = (text) => `'${String(text).replaceAll("'", "''")}'`
const HEAD = '# Written by generate.mjs; `./dev regen` writes it again.\n'

function recordingFile() {
  const lines = [HEAD + 'groups:']
  for (const window of WINDOWS) {
    lines.push(`  - name: objectives-${window}`, '    rules:')
    for (const { slo, kind, total, bad } of OBJECTIVES) {
      lines.push(
        `      - record: slo:bad_ratio:rate${window}`,
        `        expr: ${quoted(`${bad(window)} / (${total(window)} > 0)`)}`,
        `        labels: { slo: ${slo}, kind: ${kind} }`,
      )
    }
  }
  lines.push('  - name: requests', '    rules:')
  for (const [name, quantile] of [['p50', 0.5], ['p99', 0.99]]) {
    lines.push(
      `      - record: role:http_server_request_duration_seconds:${name}`,
      `        expr: ${quoted(`histogram_quantile(${quantile}, sum by (role, http_route, http_request_method, le) (rate(${REQUESTS}_bucket[5m])))`)}`,
    )
  }
  return lines.join('\n') + '\n'
}

function alertsFile() {
  const lines = [HEAD + 'groups:', '  - name: budgets', '    rules:']
  for (const kind of Object.keys(ALERT_OF)) {
    const budget = OBJECTIVES.find((it) => it.kind === kind).budget
    for (const burn of BURNS) {
      const above = (window) => `slo:bad_ratio:rate${window}{kind="${kind}"} > ${+(burn.factor * budget).toFixed(6)}`
      lines.push(...alertLines({
        alert: ALERT_OF[kind] + burn.speed,
        expr: `${above(burn.long)} and ${above(burn.short)}`,
        for: burn.for,
        severity: burn.severity,
        window: burn.long,
        summary: WHAT_OF[kind],
      }))
    }
  }
  lines.push('  - name: causes', '    rules:')
  for (const alert of ALERTS) lines.push(...alertLines(alert))
  return lines.join('\n') + '\n'
}

function alertLines({ alert, expr, for: time, severity, window, summary }) {
  return [
    `      - alert: ${alert}`,
    `        expr: ${quoted(expr)}`,
    `        for: ${time}`,
    `        labels: { severity: ${severity}${window ? `, window: ${window}` : ''} }`,
    '        annotations:',
    `          summary: ${quoted(summary)}`,
    `          runbook: ${quoted(`${DOCS}/${alert}.md`)}`,
  ]
}

const expects = (expr, evalTime, value) => [
  '    promql_expr_test:',
  `      - expr: ${quoted(expr)}`,
  `        eval_time: ${evalTime}`,
  '        exp_samples:',
  `          - { labels: '{}', value: ${value} }`,
]

/** Each cause once so that it fires, once so that it does not; and each objective from raw numbers. */
function causesTests() {
  const lines = [HEAD + 'rule_files: [alerts.yml]', 'evaluation_interval: 1m', 'tests:']
  for (const it of ALERTS) {
    for (const fires of [true, false]) {
      lines.push(`  - name: ${quoted(`${it.alert} ${fires ? 'fires' : 'is silent'}`)}`, '    interval: 1m', '    input_series:')
      for (const [series, values] of Object.entries(fires ? it.fires : it.silent)) {
        lines.push(`      - series: ${quoted(series)}`, `        values: ${quoted(values)}`)
      }
      lines.push(...expects(`count(ALERTS{alertname="${it.alert}",alertstate="firing"}) or vector(0)`, '15m', fires ? 1 : 0))
    }
  }
  return lines.join('\n') + '\n'
}

/** Each speed of each kind of budget: the ratio as it is recorded is high in both windows, or in one of them only, which is not enough. */
function budgetTests() {
  const lines = [HEAD + 'rule_files: [alerts.yml]', 'evaluation_interval: 30m', 'tests:']
  for (const [kind, alert] of Object.entries(ALERT_OF)) {
    const objectives = OBJECTIVES.filter((it) => it.kind === kind)
    for (const burn of BURNS) {
      for (const fires of [true, false]) {
        lines.push(
          `  - name: ${quoted(`${alert}${burn.speed} over ${burn.long} ${fires ? 'fires' : 'is silent'}`)}`,
          '    interval: 30m',
          '    input_series:',
        )
        for (const { slo, budget } of objectives) {
          for (const window of [burn.long, burn.short]) {
            const value = fires || window === burn.long ? burn.factor * budget * 1.1 : 0
            lines.push(`      - series: ${quoted(`slo:bad_ratio:rate${window}{slo="${slo}",kind="${kind}"}`)}`, `        values: ${quoted(`${value}x20`)}`)
          }
        }
        const firing = `count(ALERTS{alertname="${alert}${burn.speed}",window="${burn.long}",alertstate="firing"}) or vector(0)`
        lines.push(...expects(firing, '8h', fires ? objectives.length : 0))
      }
    }
  }
  return lines.join('\n') + '\n'
}

/** What is recorded of an objective is the share of requests that were bad: a tenth of them here. */
function recordingTests() {
  const lines = [HEAD + 'rule_files: [recording.yml]', 'evaluation_interval: 5m', 'tests:']
  const series = (name, labels, le, values) => [
    `      - series: ${quoted(`${name}{${[labels, le && `le="${le}"`].filter(Boolean).join(',')}}`)}`,
    `        values: ${quoted(values)}`,
  ]
  lines.push("  - name: 'a tenth of the requests is bad'", '    interval: 1m', '    input_series:')
  for (const { labels, seconds } of OPERATIONS) {
    lines.push(
      ...series(`${REQUESTS}_count`, `${labels},http_response_status_class="2xx"`, '', '0+90x30'),
      ...series(`${REQUESTS}_count`, `${labels},http_response_status_class="5xx"`, '', '0+10x30'),
      ...series(`${REQUESTS}_bucket`, `${labels},http_response_status_class="2xx"`, seconds, '0+90x30'),
      ...series(`${REQUESTS}_bucket`, `${labels},http_response_status_class="5xx"`, seconds, '0x30'),
    )
  }
  for (const [name, labels, le] of [
    ['cityevents_feed_list_duration_seconds', 'kind="search"', '1.0'],
    ['cityevents_bus_delay_seconds', 'consumer="feed"', '5.0'],
    ['cityevents_mail_delay_seconds', '', '60.0'],
  ]) {
    lines.push(...series(`${name}_count`, labels, '', '0+100x30'), ...series(`${name}_bucket`, labels, le, '0+90x30'))
  }
  lines.push('    promql_expr_test:')
  for (const { slo, kind } of OBJECTIVES) {
    lines.push(
      `      - expr: ${quoted(`round(slo:bad_ratio:rate5m{slo="${slo}",kind="${kind}"}, 0.001)`)}`,
      '        eval_time: 25m',
      '        exp_samples:',
      `          - { labels: ${quoted(`{slo="${slo}",kind="${kind}"}`)}, value: 0.1 }`,
    )
  }
  return lines.join('\n') + '\n'
}

// --- dashboards ---------------------------------------------------------------------------------------------------------------

const quantile = (q, metric, by, filter = '') =>
  `histogram_quantile(${q}, sum by (${[by, 'le'].filter(Boolean).join(', ')}) (rate(${metric}_bucket${filter}[$__rate_interval])))`
const rate = (metric, by, filter = '') => `sum by (${by}) (rate(${metric}${filter}[$__rate_interval]))`
const ROLE = '{role=~"$role"}'

const DASHBOARDS = [
  {
    uid: 'cityevents-requests',
    title: 'Requests',
    variables: [{ name: 'role', query: 'label_values(http_server_active_requests, role)' }],
    panels: [
      ['Requests a second', 'reqps', [[rate(`${REQUESTS}_count`, 'role', ROLE), '{{role}}']]],
      ['Failed, of all', 'percentunit', [[`sum by (role) (rate(${REQUESTS}_count{role=~"$role",http_response_status_class="5xx"}[$__rate_interval])) / ${rate(`${REQUESTS}_count`, 'role', ROLE)}`, '{{role}}']]],
      ['p99 by role', 's', [[quantile(0.99, REQUESTS, 'role', ROLE), '{{role}}']]],
      ['p50 by role', 's', [[quantile(0.5, REQUESTS, 'role', ROLE), '{{role}}']]],
      ['p99 by route', 's', [[`topk(10, ${quantile(0.99, REQUESTS, 'http_route, http_request_method', ROLE)})`, '{{http_request_method}} {{http_route}}']]],
      ['Requests by route', 'reqps', [[`topk(10, ${rate(`${REQUESTS}_count`, 'http_route, http_request_method', ROLE)})`, '{{http_request_method}} {{http_route}}']]],
      ['Under way', 'short', [[`sum by (role) (http_server_active_requests${ROLE})`, '{{role}}']]],
      ['Calls of the door to the roles that failed', 'reqps', [[rate('http_client_request_duration_seconds_count', 'server_role, outcome', '{outcome!="ok"}'), '{{server_role}} {{outcome}}']]],
      ['Calls of the door: p99', 's', [[quantile(0.99, 'http_client_request_duration_seconds', 'server_role'), '{{server_role}}']]],
      ['Size of answers: p99', 'bytes', [[quantile(0.99, 'http_server_response_body_size_bytes', 'role', ROLE), '{{role}}']]],
      ['Size of requests: p99', 'bytes', [[quantile(0.99, 'http_server_request_body_size_bytes', 'role', ROLE), '{{role}}']]],
    ],
  },
  {
    uid: 'cityevents-joins',
    title: 'Joins',
    panels: [
      ['Decisions a second', 'reqps', [[rate('cityevents_joins_decisions_total', 'wish, outcome'), '{{wish}} {{outcome}}']]],
      ['Refusals by reason', 'reqps', [[rate('cityevents_joins_decisions_total', 'reason', '{outcome="refused"}'), '{{reason}}']]],
      ['JoinEvent: p50 and p99', 's', [
        [quantile(0.5, REQUESTS, '', '{role="bff",http_route="/api/v1/events/{id}/join"}'), 'p50 at the door'],
        [quantile(0.99, REQUESTS, '', '{role="bff",http_route="/api/v1/events/{id}/join"}'), 'p99 at the door'],
        [quantile(0.99, REQUESTS, '', '{role="joins",http_route="/api/v1/events/{id}/join"}'), 'p99 at joins'],
      ]],
      ['Who is slow inside it: p99', 's', [
        [quantile(0.99, 'cityevents_joins_queue_seconds', ''), 'waits for a batch'],
        [quantile(0.99, 'cityevents_joins_transaction_seconds', ''), 'in the transaction'],
      ]],
      ['Requests in a batch', 'short', [[quantile(0.5, 'cityevents_joins_batch_size', ''), 'p50'], [quantile(0.99, 'cityevents_joins_batch_size', ''), 'p99']]],
      ['Waiting for a batch', 'short', [['sum(cityevents_joins_queue_depth)', 'waiting']]],
      ['Sent away', 'reqps', [['sum(rate(cityevents_joins_shed_total[$__rate_interval]))', 'sent away']]],
      ['Came up from the line', 'reqps', [['sum(rate(cityevents_joins_promotions_total[$__rate_interval]))', 'people']]],
      ['Broken rules (0)', 'short', [['sum by (rule) (cityevents_joins_violations)', '{{rule}}'], ['sum(increase(cityevents_joins_neglected_total[1h]))', 'waited beside a free place']]],
    ],
  },
  {
    uid: 'cityevents-messaging',
    title: 'Messages and mail',
    panels: [
      ['Oldest message in the outbox', 's', [['max by (role) (cityevents_outbox_oldest_seconds)', '{{role}}']]],
      ['Outbox', 'short', [['max by (role) (cityevents_outbox_backlog)', '{{role}}']]],
      ['Handed over', 'reqps', [[rate('cityevents_outbox_published_total', 'role'), '{{role}}'], [rate('cityevents_outbox_failures_total', 'role'), 'failures of {{role}}']]],
      ['Consumers: lag', 's', [['max by (consumer) (cityevents_bus_lag_seconds)', '{{consumer}}']]],
      ['Consumers: waiting', 'short', [['max by (consumer) (cityevents_bus_waiting)', '{{consumer}}']]],
      ['Consumers: handled', 'reqps', [[rate('cityevents_bus_handled_total', 'consumer'), '{{consumer}}']]],
      ['Consumers: tried again, parked', 'reqps', [[rate('cityevents_bus_retried_total', 'consumer'), '{{consumer}} again'], [rate('cityevents_bus_parked_total', 'consumer'), '{{consumer}} parked']]],
      ['Parked messages', 'short', [['max by (consumer) (cityevents_bus_parked_now)', '{{consumer}}']]],
      ['From commit to effect: p99', 's', [[quantile(0.99, 'cityevents_bus_delay_seconds', 'consumer'), '{{consumer}}']]],
      ['A batch of effects: p99', 's', [[quantile(0.99, 'cityevents_bus_batch_duration_seconds', 'consumer'), '{{consumer}}']]],
      ['Mails', 'reqps', [[rate('cityevents_mails_total', 'outcome'), '{{outcome}}']]],
      ['Mails: due and failed', 'short', [['max by (state) (cityevents_mail_queue)', '{{state}}']]],
      ['Mails: the oldest that is due', 's', [['max(cityevents_mail_oldest_seconds)', 'oldest']]],
      ['Mails: time to send, p99', 's', [[quantile(0.99, 'cityevents_mail_delay_seconds', ''), 'from due to sent'], [quantile(0.99, 'cityevents_mail_send_duration_seconds', ''), 'handing over']]],
    ],
  },
  {
    uid: 'cityevents-security',
    title: 'Security',
    panels: [
      ['Sign-ins', 'reqps', [[rate('cityevents_auth_sign_ins_total', 'method, outcome'), '{{method}} {{outcome}}']]],
      ['Lockouts', 'reqps', [[rate('cityevents_auth_lockouts_total', 'policy'), '{{policy}}']]],
      ['Rate limits', 'reqps', [[rate('cityevents_rate_limit_decisions_total', 'policy, decision'), '{{policy}} {{decision}}']]],
      ['Refused requests', 'reqps', [[rate(`${REQUESTS}_count`, 'http_route', '{role="bff",http_response_status_class="4xx"}'), '{{http_route}}']]],
    ],
  },
  {
    uid: 'cityevents-runtime',
    title: 'Runtime',
    panels: [
      ['Dependencies (1 is up)', 'short', [['min by (instance, dependency) (cityevents_dependency_up)', '{{instance}} {{dependency}}']]],
      ['Dependencies: time of a probe', 's', [['max by (instance, dependency) (cityevents_dependency_latency_seconds)', '{{instance}} {{dependency}}']]],
      ['Connections in use', 'short', [['sum by (pool) (db_client_connection_count{state="used"})', '{{pool}}']]],
      ['Wait for a connection: p99', 's', [[quantile(0.99, 'db_client_connection_wait_time_seconds', ''), 'p99']]],
      ['Slowest statements: p99', 's', [[`topk(10, ${quantile(0.99, 'db_client_operation_duration_seconds', 'db_query_summary')})`, '{{db_query_summary}}']]],
      ['Time in statements', 'percentunit', [[`topk(10, ${rate('db_client_operation_duration_seconds_sum', 'db_query_summary')})`, '{{db_query_summary}}']]],
      ['Threads busy', 'percentunit', [['avg by (instance, runtime) (tokio_runtime_busy_ratio)', '{{instance}} {{runtime}}']]],
      ['Woken late: p99', 's', [[quantile(0.99, 'tokio_runtime_wake_delay_seconds', 'runtime'), '{{runtime}}']]],
      ['Tasks', 'short', [['sum by (runtime) (tokio_runtime_alive_tasks)', '{{runtime}}'], ['sum by (runtime) (tokio_runtime_global_queue_depth)', '{{runtime}} waiting']]],
      ['Processor', 'percentunit', [['rate(process_cpu_seconds_total[$__rate_interval])', '{{instance}}']]],
      ['Memory', 'bytes', [['process_resident_memory_bytes', '{{instance}}']]],
      ['Open files and connections', 'short', [['process_open_fds', '{{instance}}']]],
      ['Versions', 'short', [['count by (version, revision) (cityevents_build_info)', '{{version}} {{revision}}']]],
    ],
  },
]

function dashboard({ uid, title, panels, variables = [] }) {
  const source = { type: 'prometheus', uid: '${source}' }
  return {
    uid,
    title: `CityEvents: ${title}`,
    tags: ['cityevents'],
    schemaVersion: 39,
    timezone: 'browser',
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [
        { name: 'source', label: 'Source', type: 'datasource', query: 'prometheus' },
        ...variables.map(({ name, query }) => ({
          name, type: 'query', datasource: source, query: { query, refId: name }, refresh: 2, multi: true, includeAll: true, allValue: '.*', current: { text: 'All', value: '$__all' },
        })),
      ],
    },
    panels: panels.map(([name, unit, targets], n) => ({
      id: n + 1,
      type: 'timeseries',
      title: name,
      datasource: source,
      gridPos: { x: (n % 2) * 12, y: Math.floor(n / 2) * 8, w: 12, h: 8 },
      fieldConfig: { defaults: { unit, min: 0, custom: { fillOpacity: 10, showPoints: 'never' } }, overrides: [] },
      options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
      targets: targets.map(([expr, legend], i) => ({ refId: String.fromCharCode(65 + i), datasource: source, expr, legendFormat: legend, exemplar: expr.includes(REQUESTS) })),
    })),
  }
}

for (const folder of ['tests', 'dashboards']) mkdirSync(join(here, folder), { recursive: true })
writeFileSync(join(here, 'recording.yml'), recordingFile())
writeFileSync(join(here, 'alerts.yml'), alertsFile())
for (const [name, text] of [['recording', recordingTests()], ['budgets', budgetTests()], ['causes', causesTests()]]) {
  writeFileSync(join(here, 'tests', `${name}.test.yml`), text.replace('rule_files: [', 'rule_files: [../'))
}
for (const it of DASHBOARDS) {
  const name = it.uid.replace('cityevents-', '')
  writeFileSync(join(here, 'dashboards', `${name}.json`), JSON.stringify(dashboard(it), null, 2) + '\n')
}
