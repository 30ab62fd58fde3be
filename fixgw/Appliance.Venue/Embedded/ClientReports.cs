using Appliance.Contract;
using Appliance.Fix;
using Appliance.Venue.Statements;

namespace Appliance.Venue.Embedded;

/// <summary>
/// The clients, and what they are told: each report is logged, entered in the ledger, and then handed to the client's session, which stores it and repeats it on demand.
/// At start the log gives accounts and orders back; a report that had been logged but perhaps not handed over goes out again when its client logs on
/// (its cumulative quantity makes a repetition harmless), and orders that stood when the venue died are cancelled.
/// </summary>
internal sealed class ClientReports : IDisposable
{
    /// <summary>The other side of trades of earlier runs: their background accounts began anew, but positions must add up to zero.</summary>
    public const string EarlierAccount = "EARLIER";

    private sealed class Client(string name, int account)
    {
        public readonly string Name = name;
        public readonly int Account = account;
        public int Session = -1;
        public readonly List<ClientRecord> NotHandedOver = [];
    }

    private readonly List<Client> _clients = [];
    private readonly VenueLedger _ledger;
    private readonly ClientLog _log;
    private readonly ClientRecord[] _restored;
    private readonly bool _isCopied;
    private readonly List<ClientRecord> _notCopied = [];
    private int _copySession = -1;
    private IFixAcceptor? _acceptor;
    private ulong _lastOrderId;
    private ulong _lastExecutionId;

    public ClientReports(VenueOptions options, VenueLedger ledger)
    {
        _ledger = ledger;
        _isCopied = options.DropCopyCompId is not null;
        Orders = new ClientOrders(options.ClientOrdersMax);
        if (options.StateDirectory is not null) Directory.CreateDirectory(options.StateDirectory);
        _log = new ClientLog(options.StateDirectory is null ? null : Path.Combine(options.StateDirectory, "clients.log"), out _restored);
        foreach (ref ClientRecord record in _restored.AsSpan())
            if (record.Kind == ClientRecordKind.RunStarted) RunNumber = (int)record.OrderId;
        RunNumber++;
    }

    public ClientOrders Orders { get; }
    /// <summary>1 for a venue without a past.</summary>
    public int RunNumber { get; }
    public int Clients => _clients.Count;
    public long NowUtcNs { get; set; }

    public void Attach(IFixAcceptor acceptor) => _acceptor = acceptor;
    public int AccountOf(int client) => _clients[client].Account;
    private ulong NextOrderId() => ++_lastOrderId;

    /// <summary>Takes up what earlier runs left. Called once, when the ledger's background accounts are open.</summary>
    public void Restore()
    {
        int earlier = _restored.Length == 0 ? -1 : _ledger.Open(EarlierAccount);
        foreach (ref ClientRecord record in _restored.AsSpan())
        {
            switch (record.Kind)
            {
                case ClientRecordKind.ClientNamed:
                    _clients.Add(new Client(record.ClientOrderId.ToString(), _ledger.Open(record.ClientOrderId.ToString())));
                    break;
                case ClientRecordKind.Report:
                    _lastExecutionId = Math.Max(_lastExecutionId, record.ExecutionId);
                    _lastOrderId = Math.Max(_lastOrderId, record.OrderId);
                    Enter(in record);
                    if (record.ExecutionKind == ExecutionKind.Trade)
                        _ledger.Trade(earlier, record.Instrument, record.Side == Side.Buy ? Side.Sell : Side.Buy, record.LastPriceUnits, record.LastUnits, record.Maker == 0);
                    _clients[record.Client].NotHandedOver.Add(record);
                    if (_isCopied) _notCopied.Add(record);
                    break;
                case ClientRecordKind.Copied:
                    ulong copied = record.ExecutionId;
                    _notCopied.RemoveAll(r => r.ExecutionId == copied);
                    break;
                case ClientRecordKind.HandedOver:
                    ulong executionId = record.ExecutionId;
                    _clients[record.Client].NotHandedOver.RemoveAll(r => r.ExecutionId == executionId);
                    break;
            }
        }
        var started = new ClientRecord { Kind = ClientRecordKind.RunStarted, OrderId = (ulong)RunNumber, TimeUtcNs = NowUtcNs };
        _log.Append(ref started);
        // The books of the dead run are gone, and with them the orders that stood in them.
        for (int slot = 0; slot < Orders.Count; slot++)
            if (Orders[slot].IsOpen) Send(slot, ExecutionKind.Cancelled, OrderStatus.Cancelled);
    }

    public bool Knows(ReadOnlySpan<byte> name)
    {
        foreach (Client client in _clients)
            if (System.Text.Encoding.ASCII.GetString(name) == client.Name) return true;
        return false;
    }

    public int ClientOfSession(int session)
    {
        for (int i = 0; i < _clients.Count; i++)
            if (_clients[i].Session == session) return i;
        return -1;
    }

    /// <summary>The client's session is there: what an earlier run may not have handed over goes out now.</summary>
    public int SessionUp(int session, string name)
    {
        int at = _clients.FindIndex(c => c.Name == name);
        if (at < 0)
        {
            at = _clients.Count;
            _clients.Add(new Client(name, _ledger.Open(name)));
            var named = new ClientRecord { Kind = ClientRecordKind.ClientNamed, Client = (ushort)at, ClientOrderId = FixText.FromString(name), TimeUtcNs = NowUtcNs };
            _log.Append(ref named);
        }
        Client client = _clients[at];
        client.Session = session;
        foreach (ClientRecord record in client.NotHandedOver)
            HandOver(in record, session);
        client.NotHandedOver.Clear();
        return at;
    }

    /// <summary>The drop-copy session is there for the first time: what it has not been sent goes out now. From then on its store keeps what it misses.</summary>
    public void CopyTo(int session)
    {
        _copySession = session;
        foreach (ClientRecord record in _notCopied) Copy(in record);
        _notCopied.Clear();
    }

    private void Copy(in ClientRecord record)
    {
        _acceptor!.SendExecutionReport(_copySession, Describe(in record) with { Account = FixText.FromString(_clients[record.Client].Name), IsCopy = true });
        var copied = new ClientRecord { Kind = ClientRecordKind.Copied, Client = record.Client, ExecutionId = record.ExecutionId };
        _log.Append(ref copied);
    }

    /// <summary>Reports on an order as it now stands.</summary>
    public void Send(int slot, ExecutionKind kind, OrderStatus status, long lastPriceUnits = 0, long lastUnits = 0, bool maker = false, FixText id = default, FixText originalId = default)
    {
        ref ClientOrder order = ref Orders[slot];
        bool ends = kind is ExecutionKind.Cancelled or ExecutionKind.Expired;
        var record = new ClientRecord
        {
            Kind = ClientRecordKind.Report, ExecutionKind = kind, Status = status, Client = (ushort)order.Client, Instrument = order.Instrument, Side = order.Side,
            TimeInForce = order.TimeInForce, Maker = maker ? (byte)1 : (byte)0, OrderId = order.OrderId, ExecutionId = ++_lastExecutionId, PriceUnits = order.PriceUnits,
            TotalUnits = order.TotalUnits, LastPriceUnits = lastPriceUnits, LastUnits = lastUnits, CumulativeUnits = order.CumulativeUnits + lastUnits,
            TimeUtcNs = NowUtcNs, ClientOrderId = id.IsEmpty ? order.ClientOrderId : id, OriginalClientOrderId = originalId,
        };
        record.LeavesUnits = ends ? 0 : order.TotalUnits - record.CumulativeUnits;
        record.AveragePriceUnits = record.CumulativeUnits == 0 ? 0 : (long)((order.PaidProductUnits + (Int128)lastPriceUnits * lastUnits) / record.CumulativeUnits);
        LogAndEnter(ref record);
    }

    /// <summary>Accepts a new order and reports it; returns its slot.</summary>
    public int Acknowledge(in DeskRequest request, TimeInForce timeInForce)
    {
        var record = new ClientRecord
        {
            Kind = ClientRecordKind.Report, ExecutionKind = ExecutionKind.New, Status = OrderStatus.New, Client = (ushort)request.Client, Instrument = request.Instrument,
            Side = request.Side, TimeInForce = timeInForce, OrderId = NextOrderId(), ExecutionId = ++_lastExecutionId, PriceUnits = request.PriceUnits,
            TotalUnits = request.QuantityUnits, LeavesUnits = request.QuantityUnits, TimeUtcNs = NowUtcNs, ClientOrderId = request.Id,
        };
        LogAndEnter(ref record);
        return Orders.Count - 1;
    }

    /// <summary>Reports a new order that never came to stand.</summary>
    public void Reject(int client, in DeskRequest request, ushort reason)
    {
        var record = new ClientRecord
        {
            Kind = ClientRecordKind.Report, ExecutionKind = ExecutionKind.Rejected, Status = OrderStatus.Rejected, Client = (ushort)client, Instrument = request.Instrument,
            Side = request.Side, TimeInForce = request.TimeInForce, RejectReason = reason, OrderId = NextOrderId(), ExecutionId = ++_lastExecutionId,
            PriceUnits = request.PriceUnits, TotalUnits = request.QuantityUnits, TimeUtcNs = NowUtcNs, ClientOrderId = request.Id,
        };
        LogAndEnter(ref record);
    }

    /// <summary>The answer to a question about an order that never came to stand here: rejected, unknown order. It is nobody's business but the asker's, so no log keeps it.</summary>
    public void StatusOfNone(in DeskRequest request)
    {
        const ushort unknownOrder = 5;
        int session = _clients[request.Client].Session;
        if (session < 0) return;
        _acceptor!.SendExecutionReport(session, new ExecutionReportMessage
        {
            OrderId = 0, ExecutionId = 0, ClientOrderId = request.Id, Instrument = request.Instrument, Side = request.Side, Kind = ExecutionKind.Status, Status = OrderStatus.Rejected,
            RejectReason = unknownOrder, TransactTimeUtcNs = NowUtcNs,
        });
    }

    /// <summary>How every standing order of the client stands, one report each; or that none does. Like every answer to a question it is nobody's business but the asker's.</summary>
    /// <param name="instrument">Of one instrument; <see cref="RingEvent.AllInstruments"/> for all.</param>
    public void MassStatus(int client, in FixText id, ushort instrument)
    {
        int session = _clients[client].Session;
        if (session < 0) return;
        uint total = 0, sent = 0;
        for (int slot = 0; slot < Orders.Count; slot++)
            if (IsAskedFor(in Orders[slot])) total++;
        if (total == 0) _acceptor!.SendNoOrders(session, in id);
        for (int slot = 0; sent < total; slot++)
        {
            ref ClientOrder order = ref Orders[slot];
            if (!IsAskedFor(in order)) continue;
            _acceptor!.SendExecutionReport(session, new ExecutionReportMessage
            {
                OrderId = order.OrderId, ExecutionId = 0, ClientOrderId = order.ClientOrderId, Instrument = order.Instrument, Side = order.Side, TimeInForce = order.TimeInForce, Kind = ExecutionKind.Status,
                Status = StatusOf(in order), OrderQuantityUnits = order.TotalUnits, PriceUnits = order.PriceUnits, LeavesQuantityUnits = order.LeavesUnits, CumulativeQuantityUnits = order.CumulativeUnits,
                AveragePriceUnits = order.AveragePriceUnits, TransactTimeUtcNs = NowUtcNs, MassStatusId = id, TotalReports = total, IsLastReport = ++sent == total,
            });
        }

        bool IsAskedFor(in ClientOrder order) => order.IsOpen && order.Client == client && (instrument == RingEvent.AllInstruments || order.Instrument == instrument);
    }

    public void RejectChange(int client, in DeskRequest request, ushort reason, int slot)
    {
        ref LedgerActivity activity = ref _ledger.Activity(AccountOf(client));
        activity.CancelRejected++;
        if (request.Kind == OrderRequestKind.Amend) activity.Amends++;
        else activity.Cancels++;
        int session = _clients[client].Session;
        if (session < 0) return;
        OrderStatus status = slot < 0 ? OrderStatus.Rejected : StatusOf(in Orders[slot]);
        _acceptor!.SendCancelReject(session, new CancelRejectMessage
        {
            OrderId = slot < 0 ? 0 : Orders[slot].OrderId, ClientOrderId = request.Id, OriginalClientOrderId = request.OriginalId, Status = status,
            AnswersReplace = request.Kind == OrderRequestKind.Amend, Reason = reason, TransactTimeUtcNs = NowUtcNs,
        });
    }

    public static OrderStatus StatusOf(in ClientOrder order) =>
        order.IsOpen ? order.CumulativeUnits > 0 ? OrderStatus.PartiallyFilled : OrderStatus.New
        : order.CumulativeUnits >= order.TotalUnits ? OrderStatus.Filled : OrderStatus.Cancelled;

    public void Dispose() => _log.Dispose();

    private void LogAndEnter(ref ClientRecord record)
    {
        _log.Append(ref record);
        Enter(in record);
        Client client = _clients[record.Client];
        if (client.Session >= 0) HandOver(in record, client.Session);
        else client.NotHandedOver.Add(record);
        if (!_isCopied) return;
        if (_copySession >= 0) Copy(in record);
        else _notCopied.Add(record);
    }

    /// <summary>What a report means for orders and accounts: the same when it is made and when it is read back.</summary>
    private void Enter(in ClientRecord record)
    {
        int account = _clients[record.Client].Account;
        ref LedgerActivity activity = ref _ledger.Activity(account);
        int slot = Orders.Find(record.OrderId);
        switch (record.ExecutionKind)
        {
            case ExecutionKind.New:
                activity.Orders++;
                Orders.Add(new ClientOrder
                {
                    ClientOrderId = record.ClientOrderId, OrderId = record.OrderId, PriceUnits = record.PriceUnits, TotalUnits = record.TotalUnits, Client = record.Client,
                    Instrument = record.Instrument, Side = record.Side, TimeInForce = record.TimeInForce, IsOpen = true,
                });
                break;
            case ExecutionKind.Rejected:
                activity.Orders++;
                activity.Rejected++;
                break;
            case ExecutionKind.Trade:
                {
                    ref ClientOrder order = ref Orders[slot];
                    order.CumulativeUnits = record.CumulativeUnits;
                    order.PaidProductUnits += (Int128)record.LastPriceUnits * record.LastUnits;
                    order.IsOpen = order.CumulativeUnits < order.TotalUnits;
                    _ledger.Trade(account, record.Instrument, record.Side, record.LastPriceUnits, record.LastUnits, record.Maker != 0);
                    break;
                }
            case ExecutionKind.Cancelled:
            case ExecutionKind.Expired:
                {
                    activity.Cancelled++;
                    Orders[slot].IsOpen = false;
                    if (record.OriginalClientOrderId.IsEmpty) break;
                    activity.Cancels++;
                    Orders.Name(record.Client, record.ClientOrderId, slot);
                    break;
                }
            case ExecutionKind.Replaced:
                {
                    activity.Amends++;
                    activity.Replaced++;
                    ref ClientOrder order = ref Orders[slot];
                    order.ClientOrderId = record.ClientOrderId;
                    order.PriceUnits = record.PriceUnits;
                    order.TotalUnits = record.TotalUnits;
                    Orders.Name(record.Client, record.ClientOrderId, slot);
                    break;
                }
        }
    }

    private void HandOver(in ClientRecord record, int session)
    {
        _acceptor!.SendExecutionReport(session, Describe(in record));
        var handed = new ClientRecord { Kind = ClientRecordKind.HandedOver, Client = record.Client, ExecutionId = record.ExecutionId };
        _log.Append(ref handed);
    }

    private static ExecutionReportMessage Describe(in ClientRecord record) => new()
    {
        OrderId = record.OrderId, ExecutionId = record.ExecutionId, ClientOrderId = record.ClientOrderId, OriginalClientOrderId = record.OriginalClientOrderId,
        Instrument = record.Instrument, Side = record.Side, TimeInForce = record.TimeInForce, Kind = record.ExecutionKind, Status = record.Status,
        RejectReason = record.RejectReason, AddedLiquidity = record.Maker != 0, OrderQuantityUnits = record.TotalUnits, PriceUnits = record.PriceUnits,
        LastQuantityUnits = record.LastUnits, LastPriceUnits = record.LastPriceUnits, LeavesQuantityUnits = record.LeavesUnits,
        CumulativeQuantityUnits = record.CumulativeUnits, AveragePriceUnits = record.AveragePriceUnits, TransactTimeUtcNs = record.TimeUtcNs,
    };
}
