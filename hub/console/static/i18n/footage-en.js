// Words of footage; every key of footage-zh.js, in English.
export const footageEn = {
  show: 'Show clip and pictures', fetching: 'Being fetched from the gateway', hidden: 'Operators may look at clip and pictures', none: 'The gateway keeps nothing of this vehicle', clip: 'Clip', clean: 'Picture {n}, clean', facts: 'Picture {n}, with facts', take: 'Download',
};
