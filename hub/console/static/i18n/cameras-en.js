// Words of cameras; every key of cameras-zh.js, in English.
export const camerasEn = {
  online: 'Online', picture: 'Picture', dark: 'Dark', frozen: 'Frozen', offline: 'Offline', silent: 'Silent', 'session-limit': 'Session limit', undecodable: 'Undecodable', cached: 'Old picture', unauthorised: 'Unauthorised', 'not-a-picture': 'Not a picture', unknown: 'Unknown',
  view: 'View', views: { wall: 'Wall', coverage: 'Coverage', rates: 'Rates' }, by: 'Group', by_site: 'By site', by_kind: 'By use', by_area: 'By area', by_state: 'By state', groupCount: '{n} points, {good} good',
  points: 'Points', onlineRate: 'Online', goodRate: 'Good', all: 'All', choose: 'Choose a tile to see its camera', none: 'No point is in this state', wasState: '{state} (stale)', attention: '{n} need attention',
  standing: { covered: 'covered', uncovered: 'uncovered', unknown: 'not sure' },
  coverage: { none: 'no camera registered', demand: 'Demand', good: 'Good / needed', definition: 'Good = online, neither dark nor frozen, and no alert about the picture is open. Unknown never counts as good: too few even with them is uncovered, enough only with them is not sure.', noEntries: 'The site file has no coverage section: no area is asked to be watched' },
  rates: { group: 'For', month: 'Month', span: '{from} to {to}, {checks} spot checks', onlineTime: 'Online, time', goodTime: 'Good, time', unknownTime: 'Unknown, time', onlineCheck: 'Online, checks', goodCheck: 'Good, checks', recording: 'Recording', onlineBefore: 'Online before', goodBefore: 'Good before' },
  page: { history: 'Alerts', wall: 'Show on the wall', noLimit: 'no fixed limit', above: 'alert above {limit}', below: 'alert below {limit}', unknown: 'There is no camera {id}', times: '{n} times', noReading: 'No readings in this time' },
};
