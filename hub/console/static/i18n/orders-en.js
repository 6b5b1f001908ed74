// Words of orders; every key of orders-zh.js, in English.
export const ordersEn = {
  title: 'Orders', order: 'Order', number: 'O-{n}', what: 'What', change: 'Before → ordered', who: 'Who', why: 'Why', next: 'Next', alert: 'Alert', hold: 'Hold', holding: 'held', probe: 'Probe', reference: 'Reference picture', way: 'Progress', back: 'Back to the list', none: 'No orders', leave: 'Leave it',
  state: { queued: 'queued', sent: 'sent', taken: 'taken', verified: 'verified', done: 'done', failed: 'failed', expired: 'expired', cancelled: 'cancelled', released: 'released' },
  group: { open: 'Under way', failed: 'Failed, expired', verified: 'Verified', released: 'Released', cancelled: 'Cancelled' }, from: { all: 'All', person: 'By a person', rule: 'By a rule' },
  readBack: 'read back {value}', byRule: 'rule: {rule}', heldFor: 'held for {left} more', expiresIn: 'expires in {left}', assumed: 'assumed by the hub, the gateway said nothing', cancelledBy: 'Cancelled by',
  at: { created: 'Ordered', sent: 'Sent', taken: 'Taken', verified: 'Verified', ended: 'Ended', expires: 'Valid until', until: 'Held until' },
  cancel: 'Cancel order', giveBack: 'Give the value back', cancelDo: 'Cancel it',
  code: {
    'disabled': 'writing is not enabled', 'read-only': 'the model is read-only', 'not-listed': 'the point is not on the list of what may be written', 'never': 'fire pumps and DL/T 645 meters are never written', 'frozen': 'frozen', 'range': 'outside of the allowed range', 'mode': 'not in this mode', 'asked-back': 'taken back', 'crossed': 'the lower limit would be above the upper one', 'stale': 'no fresh reading', 'reserved': 'another order holds the device', 'too-many': 'too many orders today',
    'no-answer': 'the device does not answer', 'refused': 'the device refuses', 'garbled': 'the answer cannot be decoded', 'not-verified': 'another value was read back', 'not-kept': 'the disk of the gateway cannot keep it', 'not-released': 'the former value could not be given back', 'interrupted': 'interrupted', 'clock': 'the clock of the gateway cannot be trusted', 'expired': 'expired', 'cancelled': 'cancelled', 'no-word': 'no word from the gateway', 'agent-unknown': 'unknown gateway', 'unknown-kind': 'the gateway does not know this kind of order', 'already': 'it was so already, nothing was written', 'over': 'its time was over', 'hub-silent': 'the hub was silent', 'left-alone': 'changed on site, left alone',
  },
  everything: 'everything', freezeTitle: 'Master switch of writing', allowed: 'Writing: allowed', allowedNote: 'Who may, and rules that are switched on, can order', off: 'Writing: not enabled', offNote: 'orders.enabled of the hub is off (the default): nothing is ever written to a device', frozenAll: 'Writing: all frozen', frozenBy: 'Frozen by {who} at {at}: {why}',
  freeze: 'Freeze', freezeAll: 'Freeze all writing', freezeDo: 'Freeze now', freezeNote: 'At once: queued orders are cancelled, new ones refused; values that were written stay', thaw: 'Unfreeze', thawDo: 'Unfreeze now', agents: 'Gateways ({on} of {n} enabled)',
  agent: { unknown: 'has not said', enabled: 'writing enabled', disabled: 'writing not enabled (edge.yaml)', frozenHere: 'frozen at the gateway', pending: 'has not heard of the newest freeze' },
  needsEngineer: 'Ordering needs the role of an engineer', nothingWritable: 'Nothing of this device may be written', open: 'Order a change', close: 'Close',
  form: {
    value: 'Value', between: '{low} to {high}', now: 'Now', onlyModes: 'Only in these modes: {modes}', noHold: 'no hold, written once', expires: 'Order valid for', whyNeeded: 'Why; needed', do: 'Give the order', made: 'Ordered', noValue: 'No valid value yet', willWrite: 'Will write: {what} {before} → {after}, and read it back',
    willExpire: 'Not done within {s}, it expires and is not done any more', willHold: 'Held for {s} after that, then the former value is given back', staysThere: 'Nothing more is done after that; people may change it', today: '{n} orders for this device today', todayLeft: '{n} orders for this device today, {left} more allowed',
  },
};
