// A FIX 4.4 peer on jspurefix, for JsPureFixTests: node peer.js initiator|acceptor PORT STORE-FOLDER, started where jspurefix is installed.
//
// Says on standard output, a line each: "ready" when logged on, "down" when the session ends, and "got" with the fields of every application message, a session reject included.
// As an initiator it is told by standard input what to send: "new ID QUANTITY", "cancel ID ORIGINAL". As an acceptor it acknowledges each order, fills those for less than 100, and confirms cancels.
'use strict'
const installed = name => require(require.resolve(name, { paths: [process.cwd()] }))
installed('reflect-metadata')
const { AsciiSession, SessionLauncher, EmptyLogFactory, FixMsgAsciiStoreResend, FixMsgStoreRecord, MsgType } = installed('jspurefix')

const [, , role, port, store] = process.argv
const initiator = role === 'initiator'
const say = text => process.stdout.write(text + '\n')
let current = null
let executions = 0
let sent = null

class Peer extends AsciiSession {
  constructor (config) {
    super(config)
    // Each connection has a session of its own, and a session repeats what its application put into its store: what earlier ones sent is handed on.
    if (sent === null) sent = this.store
    else {
      this.store = sent
      this.resender = new FixMsgAsciiStoreResend(sent, config)
    }
  }

  write (type, message) {
    this.send(type, message, (error, result) => {
      if (error) say(`failed ${error}`)
      else this.store.put(new FixMsgStoreRecord(type, new Date(), result.header.MsgSeqNum, message)).catch(e => say(`failed ${e}`))
    })
  }

  onApplicationMsg (type, view) {
    const field = name => view.getString(name) ?? ''
    say(`got ${type} id=${field('ClOrdID')} exec=${field('ExecType')} status=${field('OrdStatus')} again=${view.getString(43) ?? 'N'} number=${view.getString(34)}`)
    if (initiator) return
    const report = (exec, status, filled) => this.write(MsgType.ExecutionReport, {
      OrderID: '1', ExecID: `E${Date.now()}-${++executions}`, ClOrdID: field('ClOrdID'), ExecType: exec, OrdStatus: status, Instrument: { Symbol: field('Symbol') }, Side: '1',
      OrderQtyData: { OrderQty: view.getTyped('OrderQty') }, LeavesQty: status === '0' ? view.getTyped('OrderQty') : 0, CumQty: filled, AvgPx: filled > 0 ? 10 : 0, ...(filled > 0 ? { LastQty: filled, LastPx: 10 } : {}), TransactTime: new Date()
    })
    if (type === MsgType.NewOrderSingle) {
      report('0', '0', 0)
      if (view.getTyped('OrderQty') < 100) report('F', '2', view.getTyped('OrderQty'))
    } else if (type === MsgType.OrderCancelRequest) report('4', '4', 0)
  }

  onReady () {
    current = this
    say('ready')
  }

  onLogon () { return true }
  onStopped () {
    current = null
    say('down')
  }

  onDecoded () {}
  onEncoded () {}
}

const description = {
  application: {
    type: role, name: role, reconnectSeconds: 1, resilient: initiator, recoveryAttemptSeconds: 1, backoffFailConnectSeconds: 1, tcp: { host: '127.0.0.1', port: Number(port) }, protocol: 'ascii', dictionary: 'data/FIX44.xml'
  },
  Username: '', Password: '', EncryptMethod: 0, ResetSeqNumFlag: false, HeartBtInt: 30, SenderCompId: initiator ? 'CLIENT' : 'JSVENUE', TargetCompID: initiator ? 'VENUE' : 'DESK', BeginString: 'FIX.4.4',
  store: { type: 'file', directory: store }
}

class Launcher extends SessionLauncher {
  constructor () { super(initiator ? description : null, initiator ? null : description, new EmptyLogFactory()) }
  makeFactory () { return { makeSession: config => new Peer(config) } }
}

process.stdin.setEncoding('utf8')
let typed = ''
process.stdin.on('data', text => {
  typed += text
  for (let end; (end = typed.indexOf('\n')) >= 0; typed = typed.slice(end + 1)) {
    const [action, id, argument] = typed.slice(0, end).split(' ')
    const order = { ClOrdID: id, Instrument: { Symbol: 'ACME' }, Side: '1', TransactTime: new Date() }
    if (action === 'new') current.write(MsgType.NewOrderSingle, { ...order, HandlInst: '1', OrderQtyData: { OrderQty: Number(argument) }, OrdType: '2', Price: 10, TimeInForce: '0' })
    else if (action === 'cancel') current.write(MsgType.OrderCancelRequest, { ...order, OrigClOrdID: argument, OrderQtyData: { OrderQty: 100 } })
  }
})
// Whoever started this is gone: nobody would kill it.
process.stdin.on('end', () => process.exit(0))
new Launcher().run().catch(error => say(`failed ${error}`))
