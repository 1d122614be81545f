import type { QuickMessages } from './quick.en'

const places = (n: number) => (n === 1 ? 'einen Platz' : `${n} Plätze`)

export const quickDe: QuickMessages = {
  quick: {
    hint: 'Name und E-Mail genügen; ein Konto braucht es nicht.',
    title: 'Ein Platz ohne Konto',
    lead: 'Ein Konto braucht es nicht. Wir schicken dir einen Link, der zeigt, dass die Adresse dir gehört; dort genügt ein Druck auf den Knopf.',
    name: 'Dein Name',
    nameHint: 'So sehen ihn die Veranstalter.',
    send: 'Link schicken',
    sentTitle: 'Sieh in dein Postfach',
    sent: (email) =>
      `Ein Link ist unterwegs an ${email}. Er gilt einmal, zwei Stunden lang. Noch ist nichts vergeben, öffne ihn also bald.`,
    sentNothing: 'Nichts da? Sieh im Spam nach, oder schick ihn noch einmal.',
    again: 'Noch einmal schicken',
    otherAddress: 'Angaben ändern',
    haveAccount: 'Hast du ein Konto?',
    invitation: 'Für dieses Event braucht es eine Einladung, und dafür ein Konto.',
    signUp: 'Konto anlegen',

    pageTitle: 'Dein Platz',
    asked: (n) => `Du wolltest ${places(n)}`,
    lookTitle: 'Fast geschafft',
    lookLead: 'Durch das Öffnen des Links ist noch nichts vergeben. Das macht der Knopf.',
    forName: (name) => `für ${name}`,
    upTo: (n, least) => `${n} Personen, mindestens ${least}`,
    take: (n) => (n === 1 ? 'Platz nehmen' : `${n} Plätze nehmen`),
    taking: 'Platz wird genommen',
    otherwise: (name) =>
      `Du bist als ${name} angemeldet. Das hier meldet dich mit der Adresse an, an die die Mail ging.`,
    spent: 'Dieser Link gilt nicht mehr.',
    spentHint:
      'Er gilt einmal, zwei Stunden lang, und je Event nur der neueste. Hast du ihn schon benutzt, steht dein Platz unter „Meine Plätze“.',
    spentNoAnswer:
      'Ist gerade die Verbindung abgerissen, hol dir einen neuen Link: Ein Platz wird nie zweimal genommen.',
    missing: 'Diese Seite braucht den Link aus der Mail.',
    missingHint:
      'Zur Sicherheit bleibt er nicht in der Adresszeile: Öffne ihn noch einmal aus der Mail.',
    askAgain: 'Neuen Link holen',
    discover: 'Sehen, was los ist',

    failed: 'Du bist angemeldet, aber der Platz ließ sich nicht nehmen.',
    decided: 'Du bist angemeldet, aber es gibt keinen Platz.',
    in: (day, time) => (time ? `Bis ${day} um ${time}.` : `Bis ${day}.`),
    partial: (n, asked) => `Es war Platz für ${n} von ${asked}.`,
    line: 'Wird ein Platz frei, geht er der Reihe nach an die Wartenden, und eine Mail sagt es dir.',
    pending: 'Die Veranstalter entscheiden, und eine Mail sagt es dir.',
    ticket: 'Dein Ticket',
    event: 'Zum Event',

    keepTitle: 'Und das Konto?',
    keepLead:
      'Dein Platz gehört zu einem kleinen Konto auf deinen Namen: So kannst du ihn ändern oder aufgeben.',
    keep: 'Behalten',
    keepText:
      'Wähle ein Passwort, und melde dich damit jederzeit an. Das geht ab jetzt 15 Minuten lang.',
    keepButton: 'Passwort setzen',
    kept: 'Behalten. Du kannst dich mit deiner Adresse und diesem Passwort anmelden.',
    drop: 'Oder danach löschen',
    dropText:
      'Jetzt musst du nichts tun. Nach dem Event kannst du das Konto unter „Konto“ endgültig löschen. Löschst du es früher, ist der Platz aufgegeben.',
    account: 'Zum Konto',
    late: 'Dafür ist es zu lange her. Hol dir einen Link per Mail, um ein Passwort zu wählen.',
    lateLink: 'Link holen',
  },
  farewell: {
    title: 'Konto löschen',
    lead: 'Endgültig und sofort. Deine Plätze werden aufgegeben, und deine kommenden Events werden abgesagt.',
    button: 'Konto löschen',
    askTitle: 'Dein Konto löschen?',
    ask: 'Das lässt sich nicht zurücknehmen. Deine Plätze gehen an die Wartenden; deine kommenden Events werden abgesagt, und alle dort erfahren es.',
    password: 'Dein Passwort',
    confirm: 'Endgültig löschen',
    keep: 'Behalten',
    done: 'Dein Konto ist gelöscht. Mach’s gut.',
    late: 'Zur Sicherheit braucht das eine frische Anmeldung. Wähle per Link aus einer Mail ein Passwort, melde dich damit an, und komm wieder.',
    lateLink: 'Link holen',
    firstPassword:
      'Dein Konto hat noch kein Passwort. Setzen kannst du eins binnen 15 Minuten, nachdem du einen Link aus einer Mail geöffnet hast.',
    setPassword: 'Passwort setzen',
  },
}
