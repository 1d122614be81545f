import type { DeskMessages } from './desk.en'

const people = (n: number) => (n === 1 ? '1 Person' : `${n} Personen`)

export const deskDe: DeskMessages = {
  messages: {
    lead: 'Eine Mail an alle, die dabei sind. Antworten gehen an deine eigene Adresse; höchstens fünf am Tag.',
    title: 'Eine neue Nachricht',
    to: 'An',
    audience: {
      all: 'Alle, die dabei sind',
      confirmed: 'Alle mit Platz',
      waitlisted: 'Alle auf der Warteliste',
      offered: 'Alle mit einem Angebot',
      pending: 'Alle, die anfragen',
    },
    subject: 'Betreff',
    text: 'Nachricht',
    textHint: 'Nur Text. Das Event und ein Link dorthin kommen dazu.',
    write: 'Senden …',
    askTitle: 'Diese Nachricht senden?',
    ask: 'Eine Mail lässt sich nicht zurückholen, wenn sie unterwegs ist.',
    send: 'Jetzt senden',
    sending: 'Wird gesendet …',
    sent: (n) => `Unterwegs an ${people(n)}.`,
    list: 'Gesendete Nachrichten',
    got: (n) => `an ${people(n)}`,
    empty: 'Noch nichts gesendet.',
    emptyHint:
      'Ein anderer Raum, etwas zum Mitbringen, ein Dank: einmal geschrieben, und alle haben es.',
  },
  outlook: {
    noShows: (percent, events) =>
      `Bei deinen Events kommen meist ${percent} % derer mit Platz nicht (${events} Events).`,
    extra: (n) =>
      `Mit ${n === 1 ? '1 Platz' : `${n} Plätzen`} mehr hätte bei keinem davon jemand draußen gestanden.`,
  },
  timeline: {
    open: 'Was geschah',
    title: (name) => `Was geschah: ${name}`,
    failed: 'Der Verlauf konnte nicht geladen werden.',
    none: 'Nichts ist bekannt.',
    arrived: (n, party) =>
      `Kam als Nummer ${n} zu diesem Event${party > 1 ? `, für ${people(party)}` : ''}.`,
    offered: (until) => `Bekam einen Platz angeboten, mit Zeit bis ${until}.`,
    placed: {
      direct: 'Nahm einen Platz.',
      line: 'Rückte von der Warteliste nach: hat einen Platz.',
      offer: 'Nahm das Angebot an: hat einen Platz.',
      claim: 'Nahm einen freien Platz.',
      picked: 'Bekam einen Platz außer der Reihe.',
      invited: 'Kam mit einer Einladung: hat einen Platz.',
      door: 'Bekam am Einlass einen Platz.',
    },
    kept: 'Hat noch einmal zugesagt.',
    passed: (n) => `Nummer ${n} kam zuerst dran: Für die ganze Gruppe waren zu wenige Plätze frei.`,
    lapsed: {
      offer: 'Ließ das Angebot verstreichen.',
      answers: 'Hat die Fragen nicht rechtzeitig beantwortet.',
      reconfirmation: 'Hat nicht rechtzeitig noch einmal zugesagt.',
    },
    asked: 'Wurde gefragt, ob es beim Kommen bleibt.',
    by: {
      approved: (who) => `${who} hat die Anfrage angenommen.`,
      rejected: (who) => `${who} hat die Anfrage nicht angenommen.`,
      removed: (who) => `${who} hat den Eintrag von der Liste genommen.`,
      banned: (who) => `${who} hat eine Sperre ausgesprochen.`,
      unbanned: (who) => `${who} hat die Sperre aufgehoben.`,
      picked: (who) => `${who} hat einen Platz außer der Reihe gegeben.`,
      walked_in: (who) => `${who} hat am Einlass eingelassen.`,
    },
    someone: 'Jemand',
    exceeded: (n) => `Über die Zahl der Plätze hinaus, um ${people(n)}.`,
    ended: {
      left: 'Hat den Platz aufgegeben.',
      declined: 'Hat das Angebot abgelehnt.',
      offer_lapsed: 'Ließ das Angebot verstreichen.',
      rejected: 'Wurde nicht angenommen.',
      removed: 'Wurde von der Liste genommen.',
      banned: 'Wurde gesperrt.',
      not_reconfirmed: 'Hat nicht rechtzeitig noch einmal zugesagt.',
      answers_missing: 'Hat die Fragen nicht rechtzeitig beantwortet.',
      no_show: 'Kam nicht rechtzeitig; der Platz ging an die am Einlass.',
      event_cancelled: 'Das Event wurde abgesagt.',
      account_deleted: 'Hat das Konto gelöscht.',
    },
  },
}
