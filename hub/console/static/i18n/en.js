// Every key of zh.js, in English.
export const en = {
  product: 'Campuswatch',
  nav: {
    pages: 'Pages', board: 'Alerts', campus: 'Campus', trends: 'Trends', speed: 'Speed', cooling: 'Cooling', cameras: 'Cameras',
    gateways: 'Gateways', admin: 'Admin', signOut: 'Sign out',
  },
  role: { viewer: 'viewer', operator: 'operator', engineer: 'engineer', admin: 'administrator' },
  choice: { language: 'Change language', otherLanguage: '中文', theme: 'Change theme', auto: 'Auto', dark: 'Dark', light: 'Light' },
  place: { site: 'Site', between: ' / ', and: ', ' },
  severity: { critical: 'Critical', high: 'High', medium: 'Medium', low: 'Low' },
  family: { fire: 'Fire', traffic: 'Traffic', cooling: 'Cooling', energy: 'Energy', access: 'Access', camera: 'Cameras', device: 'Devices' },
  time: {
    s: '{s} s', min: '{min} min {s} s', h: '{h} h {min} min', d: '{d} d {h} h',
    ageS: '{n} s', ageMin: '{n} min', ageH: '{n} h', ageD: '{n} d',
  },
  value: { none: '—', stale: '{age} old', noReading: 'no reading' },
  board: {
    counts: 'Open alerts', countWords: '{open} open, {unacked} to acknowledge', onlyUnacked: 'To acknowledge', allSites: 'All sites', search: 'Find',
    new: '{n} new', settle: 'press R or space to settle', upToDate: 'The list is up to date', laneCount: '{n} open', laneNone: 'no alert',
    list: 'Alerts', detail: 'Alert', choose: 'Choose an alert to see all about it', covered: 'covers {n}', back: 'Back to the list',
  },
  quiet: {
    none: 'No open alerts', rest: 'Beside fire, no open alerts', filtered: 'No open alerts within the filter',
    partly: 'No alerts from the gateways that report; the others are unknown', unknown: 'Unknown', sure: 'Sure as of {at} · {on} of {total} gateways report',
    lastSure: 'Last sure at {at}, {age} ago', never: 'Nothing heard from the hub yet',
  },
  alert: {
    number: 'A-{n}', where: 'Where', device: 'Device', since: 'Since', until: ' (normal at {at})', times: '{n} times', late: 'reported late, after an outage',
    evidence: 'Evidence', limit: 'limit {limit}', openTrend: 'Open trend', advice: 'What to do first', people: 'Who', owner: 'Owner', assignee: 'Assigned to',
    nobody: 'nobody', me: 'Take it', covers: 'Covers {n}', andMore: 'and {n} more', history: 'History', historyFailed: 'The history cannot be read just now',
    ack: 'Acknowledge', note: 'Note', notePlaceholder: 'What was seen, what was done; Ctrl+Enter saves', saveNote: 'Save note', clear: 'Clear by hand', clearedByHand: 'Cleared by hand',
    ackedAt: 'Acknowledged by {who} at {at}', ackedBy: 'acknowledged, {who}', lookOnly: 'Your role may look only', stale: 'gateway away, unknown',
    state: { raised: 'to acknowledge', acked: 'acknowledged', cleared: 'normal again, to acknowledge', closed: 'closed' },
  },
  act: { raise: 'raised', ack: 'acknowledged', clear: 'normal again', assign: 'assigned', note: 'note', moment: 'happened', escalate: 'escalated', notify: 'notified' },
  trend: { failed: 'The trend cannot be read just now' },
  status: {
    title: 'Status', live: 'Connected', connecting: 'Connecting', lost: 'Connection lost {age}', lag: 'Hub {s} s behind', lagUnknown: 'Hub lag unknown',
    agents: 'Gateways {on} of {total}', agentsAway: '{n} gateways silent: {names}', muted: 'Muted {n}', soundOn: 'Sound on', soundOff: 'Sound is off',
    soundBlocked: 'No sound until the page is touched', sounding: 'Sounding, silence', sure: 'Sure to {at}', neverSure: 'Not sure yet', clockOff: 'This clock is {s} off',
  },
  lost: { title: 'Connection to the hub is lost', since: 'What you see is of {at}, {age} ago', trying: 'Reconnecting; the page catches up by itself', loading: 'Reading everything anew' },
  help: {
    title: 'Keys and signs', sign: '?', close: 'Close', move: 'Move', ack: 'Acknowledge', open: 'Open', note: 'Write a note', silence: 'Silence (not acknowledge)',
    settle: 'Settle new alerts into the list', fold: 'Fold, unfold covered alerts', help: 'This panel', space: 'Space', signs: 'Signs', fire: 'Fire is always red; the shape says how grave',
    pulse: 'Pulsing slowly: nobody has acknowledged', hollow: 'Hollow: normal again', dashed: 'Dashed: its gateway is away, unknown', stale: 'Hollow value: old, with its age beside it',
  },
  entrance: {
    signIn: 'Sign in', firstRun: 'First run', firstRunWhy: 'There is no user yet. Make the first administrator with the token that the hub gave at its start.', token: 'First-run token',
    tokenHint: 'In the output of the hub, or its token file', name: 'User name', password: 'Password', passwordHint: 'At least 12 characters', again: 'Password again',
    create: 'Make administrator', different: 'The passwords differ', asking: 'Asking the hub',
  },
  problem: { unreachable: 'The hub does not answer; try again', page: 'The page did not load; check the connection to the hub' },
};
