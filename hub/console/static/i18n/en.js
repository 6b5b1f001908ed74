// Every key of zh.js, in English.
import { camerasEn } from './cameras-en.js';
import { ordersEn } from './orders-en.js';
import { calibrateEn } from './calibrate-en.js';
import { footageEn } from './footage-en.js';
import { plansEn } from './plans-en.js';
import { probeEn } from './probe-en.js';
import { rulesEn } from './rules-en.js';
import { visionEn } from './vision-en.js';

export const en = {
  camera: camerasEn,
  orders: ordersEn,
  plans: plansEn,
  probe: probeEn,
  footage: footageEn,
  calibrate: calibrateEn,
  rules: rulesEn,
  vision: visionEn,
  product: 'Campuswatch',
  nav: {
    pages: 'Pages', board: 'Alerts', campus: 'Campus', trends: 'Trends', speed: 'Speed', cooling: 'Cooling', cameras: 'Cameras',
    rules: 'Rules', orders: 'Orders', gateways: 'Gateways', admin: 'Admin', signOut: 'Sign out',
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
    evidence: 'Evidence', limit: 'limit {limit}', limitShort: 'limit {limit}', openTrend: 'Open trend', plate: 'Plate', showPlate: 'Show plate', plateSure: 'sure to {sure}', plateHidden: 'there is one; operators may look it up', advice: 'What to do first', people: 'Who', owner: 'Owner', assignee: 'Assigned to',
    nobody: 'nobody', me: 'Take it', covers: 'Covers {n}', andMore: 'and {n} more', history: 'History', historyFailed: 'The history cannot be read just now',
    ack: 'Acknowledge', note: 'Note', notePlaceholder: 'What was seen, what was done; Ctrl+Enter saves', saveNote: 'Save note', clear: 'Clear by hand', clearedByHand: 'Cleared by hand', reset: 'Reset',
    ackedAt: 'Acknowledged by {who} at {at}', ackedBy: 'acked by {who}', lookOnly: 'Your role may look only', stale: 'gateway away, unknown',
    state: { raised: 'to acknowledge', acked: 'acknowledged', cleared: 'normal, not acked', latched: 'normal, to be reset', closed: 'closed' },
    short: { raised: 'to ack', acked: 'acked', cleared: 'normal', latched: 'to reset', closed: 'closed', stale: 'unknown' },
  },
  act: { raise: 'raised', change: 'severity changed', reset: 'reset', ack: 'acknowledged', clear: 'normal again', assign: 'assigned', note: 'note', moment: 'happened', escalate: 'escalated', notify: 'notified' },
  trend: { failed: 'The trend cannot be read just now' },
  status: {
    title: 'Status', live: 'Connected', connecting: 'Connecting', lost: 'Connection lost {age}', lag: 'Hub {s} s behind', lagUnknown: 'Hub lag unknown',
    agents: 'Gateways {on} of {total}', agentsAway: '{n} gateways silent: {names}', muted: 'Muted {n}', frozen: 'Writing frozen ({what}): {who} since {at}', soundOn: 'Sound on', soundOff: 'Sound is off',
    soundBlocked: 'No sound until the page is touched', sounding: 'Sounding, silence', sure: 'Sure to {at}', neverSure: 'Not sure yet', broken: 'A part of this page failed: load it anew', clockOff: 'This clock is {s} off',
  },
  lost: { title: 'Connection to the hub is lost', since: 'What you see is of {at}, {age} ago', trying: 'Reconnecting; the page catches up by itself', loading: 'Reading everything anew' },
  help: {
    title: 'Keys and signs', sign: '?', close: 'Close', move: 'Move', ack: 'Acknowledge', open: 'Open', note: 'Write a note', silence: 'Silence (not acknowledge)',
    settle: 'Settle new alerts into the list', fold: 'Fold, unfold covered alerts', help: 'This panel', order: 'Order a change at the device of the alert', space: 'Space', signs: 'Signs', fire: 'Fire is always red; the shape says how grave',
    pulse: 'Pulsing slowly: nobody has acknowledged', hollow: 'Hollow: normal again', dashed: 'Dashed: its gateway is away, unknown', stale: 'Hollow value: old, with its age beside it',
  },
  entrance: {
    signIn: 'Sign in', firstRun: 'First run', firstRunWhy: 'There is no user yet. Make the first administrator with the token that the hub gave at its start.', token: 'First-run token',
    tokenHint: 'In the output of the hub, or its token file', name: 'User name', password: 'Password', passwordHint: 'At least 12 characters', again: 'Password again',
    create: 'Make administrator', different: 'The passwords differ', asking: 'Asking the hub',
  },
  problem: { unreachable: 'The hub does not answer; try again', page: 'The page did not load; check the connection to the hub' },
  grade: { A: 'A, several sources', B: 'B, one source', C: 'C, partial', own: 'our own definition' },
  page: { asOf: 'as of {at}', loading: 'Reading', again: 'Try again' },
  table: { rows: '{n} rows', csv: 'CSV', xlsx: 'XLSX', empty: 'Nothing here', asTable: 'As table', asChart: 'As chart' },
  range: { last: 'Last', from: 'From', to: 'To', until: 'to', wrong: 'Write 2026-11-22 14:05, with To after From', l1h: '1 h', l8h: '8 h', l24h: '24 h', l7d: '7 d', l30d: '30 d' },
  quality: { noAnswer: 'no answer', deviceError: 'device error', sentinel: 'device has no value', implausible: 'out of possible range', garbled: 'not decodable' },
  kind: { ac: 'Air conditioners', camera: 'Cameras', meter: 'Meters', pump: 'Fire pumps', pressure: 'Pressure', radar: 'Radars', plate: 'Plate cameras', door: 'Doors', gateway: 'Gateways' },
  areaKind: {
    office: 'Office', meeting: 'Meeting room', canteen: 'Canteen', kitchen: 'Kitchen', lobby: 'Lobby', corridor: 'Corridor', parking: 'Parking', road: 'Road', gate: 'Gate', outdoors: 'Outdoors',
    pump_room: 'Pump room', plant_room: 'Plant room', server_room: 'Server room', duty_room: 'Duty room', clinic: 'Clinic', archive: 'Archive',
  },
  campus: {
    search: 'Find building, room, device, department ( / )', found: '{n} devices', elevation: '{floors} floors, {rooms} rooms', floor: 'F{n}', floorTitle: 'Floor', silent: '{n} silent', allHeard: 'all heard',
    openAlerts: 'Open alerts', noAlerts: 'None', kind: 'Use', size: 'Size', m2: '{n} m²', department: 'Department', people: ', {n} people', zone: 'Zone', devices: 'Devices', unknown: 'The registry does not know this place',
  },
  device: {
    gateway: 'Gateway', id: 'Id', state: 'State', read: 'Read', about: 'Device', profile: 'Model', grade: 'Data sheet grade', poll: 'Polled each', speaks: 'speaks when something happens', staleAfter: 'Stale after', linkState: 'Link',
    linkFigures: '{silent} of {devices} silent, period {period} s', point: 'Point', now: 'Now', limit: 'Limit', lastHour: 'Last hour', between: '{low} to {high}', trend: 'Trend', alerts: 'Alerts of this device', unknown: 'There is no device {id}',
  },
  evidence: {
    peak_kmh: 'fastest', median_kmh: 'median', readings: 'readings', duration_s: 'seen for', confidence: 'confidence', true_min_kmh: 'true speed at least', true_max_kmh: 'true speed at most', angle_deg: 'angle corrected', vehicle_class: 'vehicle',
    plate_sure: 'certainty of the plate', plates_near: 'plates in sight', check: 'camera', vision_kmh: 'speed by the camera', vision_error_kmh: 'its error (95 %)', cameras: 'cameras', cameras_good: 'of these good', cameras_unknown: 'of these unknown',
  },
  trends: {
    title: 'Curves', search: 'Find a point: device, room, name', nothing: 'Nothing found', choose: 'Find and choose points on the right', drop: 'Remove', dropSign: '×', step: 'Step', step0: 'automatic', step60: '1 min', step300: '5 min', step900: '15 min',
    step3600: '1 h', step86400: '1 d', way: 'Value', mean: 'Mean', min: 'Lowest', max: 'Highest', last: 'Last', time: 'Time', stepIs: 'one value each {s} s', low: 'Lowest', high: 'Highest', missing: 'Empty steps',
  },
  speed: {
    title: 'Speed', allRadars: 'All radars', passes: 'Passes', limit: 'Limit', p85: 'P85', p85Note: '85% drive no faster', mean: 'Mean', median: 'median {v}', over: 'Above the limit', overNote: 'share of all passes', max: 'Fastest',
    pace: 'Pace', paceNote: '{share} drive within it', tooFew: 'Fewer than {n}: no P85', distribution: 'Distribution', limitAt: 'limit {v}', p85At: 'P85 {v}', band: '{low}–{high} km/h', bandTitle: 'Speed', byHour: 'By hour', byDay: 'By day',
    within: 'within', overCount: 'above', worst: 'Fastest passes', value: 'Speed', above: 'Above', when: 'When', where: 'Where', none: 'No passes in this time',
    p15: 'P15', p50: 'P50', std: 'Std. deviation', p15Note: 'P15 {v}', coverage: 'Coverage', heardNote: 'time in which the gateway was heard', lane: 'Lane', lanes: 'By lane', hourLane: 'P85 by lane and hour (km/h)',
    approaching: 'approaching', receding: 'receding', coverageNote: 'too few passes in a lane: no percentiles',
  },
  cooling: {
    title: 'Temperature standard', show: 'Show', show_outside: 'Outside', show_running: 'Running', show_exempt: 'Exempt', show_unknown: 'Unknown', show_all: 'All', room: 'Room', building: 'Building', mode: 'Mode', off: 'off', setpoint: 'Set point', standard: 'Standard',
    atLeast: '≥ {c} °C', atMost: '≤ {c} °C', roomTemperature: 'Room temp.', excess: 'Off by °C', lasting: 'For', note: 'Note', exempt: 'exempt: {why}', alert: 'See alert', outsideOf: 'of {n} outside', outside: 'outside', inside: 'running, inside', resting: 'off', unknown: 'unknown',
    noneOutside: 'No room is outside the standard now',
  },
  gateway: {
    title: 'Gateways', online: 'online', offline: 'offline', never: 'never seen', sinceWhen: ' since {at}', unheard: 'Nothing heard for {age}', droppedSome: 'Data was dropped: {what}', digestDiffers: 'Its site file differs from the hub', clockOff: 'Its clock is {s} s off', rival: 'A second gateway of this name was refused at {at}', thin: 'Thin link: {n} records go later', room: 'Room for', hours: '{n} h', bandwidth: 'Link carries', linksSilent: '{n} links with silent devices', linksDown: '{n} links are down', backlogOf: '{n} records of backlog are draining',
    seen: 'Last heard', version: 'Version', digest: 'Site file', same: 'same', differs: 'differs', clock: 'Clock offset', seconds: '{s} s', backlog: 'Backlog', waiting: 'Waiting', oldest: 'Oldest', bytes: 'On disk', dropped: 'Dropped', rate: 'Samples', perSecond: '{n}/s', received: 'Received', duplicates: 'Duplicates',
    hideLinks: 'Hide links', showLinks: 'All {n} links', link: 'Link', silentOf: 'Silent/all', period: 'Period s', reads: 'Reads', errors: 'Errors', hubFacts: 'Hub {lag} s behind · queue {queue} · store {size}',
    quarantine: 'Messages set aside', quarantineCount: '{n} in all', nothingAside: 'None', others: 'Accounts that the site file does not name', when: 'When', reason: 'Reason', topic: 'Topic', bytesOf: 'Size',
  },
  linkKind: { 'modbus-tcp': 'Modbus TCP', 'modbus-rtu-tcp': 'Modbus RTU over TCP', 'modbus-serial': 'Modbus serial', 'modbus-dial-in': 'Modbus dial-in', 'dlt645-tcp': 'DL/T 645 TCP', 'dlt645-serial': 'DL/T 645 serial', mqtt: 'MQTT', http: 'HTTP pictures', rtsp: 'RTSP video' },
  linkState: { up: 'up', silent: 'silent', partly: 'partly silent', down: 'down', starting: 'starting', refused: 'refused', unknown: 'unknown' },
  counter: {
    timeouts: 'timed out', exceptions: 'exceptions', garbled: 'garbled', connect_failures: 'not connected', cut_short: 'cut short', overruns: 'overruns', faults: 'own faults', host_down: 'host down', port_closed: 'port closed',
    timed_out: 'timed out', unauthorised: 'unauthorised', refused: 'refused', not_a_picture: 'not a picture', unknown: 'unknown', alerts: 'alerts', live: 'live', backlog: 'backlog', samples: 'samples', space: 'no space', age: 'too old', overflow: 'no room', 'too-old': 'too old', corrupt: 'damaged',
    wrong_transaction: 'wrong transaction', wrong_unit: 'wrong unit', wrong_function: 'wrong function', wrong_length: 'wrong length', bad_header: 'bad header', bad_crc: 'bad CRC', short_frames: 'short frames', garbage: 'stray bytes', bad_echo: 'bad echo', strangers: 'strangers', late: 'late answers', unasked: 'unasked', noisy: 'noise, cut off', wrong_sum: 'wrong checksum', wrong_address: 'wrong meter', wrong_data: 'wrong data id', wrong_control: 'wrong control', wrong_number: 'frames out of order', echoes: 'own echo', noise: 'noise bytes', session_limit: 'session limit', silent: 'connected, silent', undecodable: 'not decodable', cached: 'old picture again',
  },
  verb: {
    access: { 'refused': 'access refused' },
    agent: { 'enrol': 'gateway enrolled', 'dismiss': 'gateway dismissed' },
    session: { 'refused': 'sign-in refused', 'sign-in': 'signed in', 'sign-out': 'signed out' },
    user: { 'create': 'user created', 'change': 'user changed', 'password': 'password changed' },
    alert: { 'ack': 'alert acknowledged', 'assign': 'alert assigned', 'note': 'alert note', 'clear': 'alert cleared by hand', 'reset': 'alert reset' },
    rules: { 'publish': 'rules published', 'approve': 'rules approved', 'withdraw': 'rules withdrawn', 'refused': 'rules refused' },
    backtest: { 'asked': 'backtest asked' },
    order: { 'make': 'order given', 'cancel': 'order cancelled' },
    orders: { 'freeze': 'writing frozen', 'thaw': 'writing unfrozen' },
    camera: { 'view': 'camera looked at' },
    evidence: { 'view': 'evidence seen', 'export': 'evidence exported' },
    export: { 'alerts': 'alerts exported', 'series': 'history exported' },
  },
  admin: { users: 'Users', role: 'Role', create: 'Create user', on: 'active', off: 'switched off', audit: 'Audit trail', actor: 'Who', act: 'What', object: 'On', text: 'Text' },
};
