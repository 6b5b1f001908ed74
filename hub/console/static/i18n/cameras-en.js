// Words of cameras; every key of cameras-zh.js, in English.
export const camerasEn = {
  online: 'Online', picture: 'Picture', dark: 'Dark', frozen: 'Frozen', offline: 'Offline', silent: 'Silent', 'session-limit': 'Session limit', undecodable: 'Undecodable', cached: 'Old picture', unauthorised: 'Unauthorised', 'not-a-picture': 'Not a picture', unknown: 'Unknown',
  view: 'View', views: { wall: 'Wall', coverage: 'Coverage', rates: 'Rates', commissioning: 'Commissioning' }, by: 'Group', by_site: 'By site', by_kind: 'By use', by_area: 'By area', by_state: 'By state', groupCount: '{n} points, {good} good',
  points: 'Points', onlineRate: 'Online', goodRate: 'Good', all: 'All', choose: 'Choose a tile to see its camera', none: 'No point is in this state', wasState: '{state} (stale)', attention: '{n} need attention',
  standing: { covered: 'covered', uncovered: 'uncovered', unknown: 'not sure' },
  coverage: { none: 'no camera registered', demand: 'Demand', good: 'Good / needed', definition: 'Good = online, neither dark nor frozen, and no alert about the picture is open. Unknown never counts as good: too few even with them is uncovered, enough only with them is not sure.', noEntries: 'The site file has no coverage section: no area is asked to be watched' },
  rates: { group: 'For', month: 'Month', span: '{from} to {to}, {checks} spot checks.', onlineTime: 'Online', goodTime: 'Good', unknownTime: 'Unknown', onlineCheck: 'Online spot', goodCheck: 'Good spot', recorded: 'Recorded', recordedUnknown: 'Rec. unsure', recordedDays: 'Rec. days', recordedLast: 'Last day', lastDay: 'Last complete day: {day}', onlineBefore: 'Online prev.', goodBefore: 'Good prev.' },
  pictures: {
    newest: 'Newest picture', day: 'Reference by day', night: 'Reference by night', compare: 'Compare', side: 'Side by side', slide: 'Slider', difference: 'Difference', light: 'Reference', kept: '{share} % of the edges of the reference are there', slider: 'Where they meet', since: 'since {at} ({age})',
    slideNote: 'Newest picture on the left, reference on the right', differenceNote: 'The brighter, the more they differ; black is alike', hidden: 'Operators may look at pictures; below are the signals', noNewest: 'The gateway holds no picture of this camera', noReference: 'No reference yet', away: 'Gateway {name} is away: no pictures',
  },
  reference: {
    none: 'none yet', unconfirmed: 'unconfirmed', confirmed: 'confirmed', 'too-plain': 'too plain', 'other-view': 'another view', untold: 'not told',
    confirm: 'Confirm', confirmWhy: 'looked at in the console: view and place are right', forget: 'Learn anew…', forgetNow: 'Learn anew', forgetNote: 'References by day and by night are forgotten and learnt anew (two and a half minutes; by night, when it is night). Only after the camera was turned on purpose or the place rebuilt.', underWay: 'On its way to the gateway', needsEngineer: 'Engineers may confirm references',
  },
  left: {
    'no-picture': 'no picture', untold: 'its gateway has not told', alert: 'an alert is open: learnt when it ends, unless it was told to learn anew', 'other-view-day': 'the day shows another view than the night', 'other-view-night': 'the night shows another view than the day', 'plain-day': 'too plain by day', 'plain-night': 'too plain by night',
    'confirm-day': 'confirm by day', 'confirm-night': 'confirm by night', 'no-day': 'not learnt by day', 'no-night': 'not learnt by night',
  },
  setup: {
    progress: 'Progress by building', every_area: 'Every area', every_link: 'Every link', dayDone: 'day {n} / {of}', nightDone: 'night {n} / {of}', left: 'What is left', confirm: 'To confirm', blocked: 'Blocked', waiting: 'Waiting', done: 'Done', all: 'All', press: 'It is right', next: 'Next', none: 'No camera is in this state', isDone: 'Confirmed by day and by night',
    question: 'Is this the place named above? Is the reference clear, with nothing in the way?', note: 'Enter confirms, N and P go on and back, F learns anew. Confirm only references that you have looked at. By night a camera learns after it has turned to infrared: come back the next day. If the place is wrong, mend the site file or the wiring first, then let it learn anew.',
  },
  page: { signals: 'Signals', history: 'Alerts', wall: 'Show on the wall', noLimit: 'no fixed limit', above: 'alert above {limit}', below: 'alert below {limit}', unknown: 'There is no camera {id}', times: '{n} times', noReading: 'No readings in this time' },
};
