// Words of floor plans and maps; every key of plans-zh.js, in English.
export const plansEn = {
  elevation: 'Elevation', map: 'Map', onPlan: 'On the plan', whole: 'Whole plan', nearer: 'Nearer', further: 'Further', noDrawing: 'The drawing could not be loaded', keys: 'Plan: arrow keys move it, + and - zoom, 0 shows all',
  state: { normal: 'normal', offline: 'offline', unknown: 'nothing heard yet' }, unplaced: '{n} devices without a place on a plan', place: 'Place devices', how: 'Drag a sign, or choose a device without a place and press where it stands. Nothing changes at the hub.', press: 'Now press where it stands', heading: 'Looks towards (°, 0 is up)', angle: 'Angle of view (°)',
  intoTable: 'Into {table}, beside the site file: replace the line of the same device, or add it; then restart the hub', intoFile: 'Into the site file, below positions: replace the line of the same device, or add it; then restart the hub', forget: 'Undo all', copy: 'Copy', copied: 'Copied', download: 'Download',
};
