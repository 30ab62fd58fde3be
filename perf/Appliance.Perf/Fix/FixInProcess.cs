using System.Diagnostics;
using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Perf.Fix;

/// <summary>
/// Initiator and acceptor in one process without a socket between them: orders and reports through codec, session and store of both ends, on one core. What the engine itself can sustain, where
/// the stream over TCP shows what system calls leave of it.
/// </summary>
internal sealed class FixInProcess : IDisposable
{
    private const int Burst = 16;
    private static readonly SymbolTable Symbols = new(ApprovedOrders.Instruments);

    /// <summary>Bytes on their way to one end.</summary>
    private sealed class Inbox
    {
        private readonly byte[] _bytes = GC.AllocateArray<byte>(1 << 16, pinned: true);
        private int _end;

        public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _end);

        public LinkWrite Add(ReadOnlySpan<byte> message)
        {
            if (message.Length > _bytes.Length - _end) return LinkWrite.Refused;
            message.CopyTo(_bytes.AsSpan(_end));
            _end += message.Length;
            return LinkWrite.Accepted;
        }

        public void Consume(int bytes)
        {
            if (bytes < _end) _bytes.AsSpan(bytes, _end - bytes).CopyTo(_bytes);
            _end -= bytes;
        }
    }

    private readonly struct End(FixInProcess bench, bool isVenue) : IFixSessionHost
    {
        public LinkWrite Write(ReadOnlySpan<byte> message, bool mayQueue) => (isVenue ? bench._toDesk : bench._toVenue).Add(message);
        public int WriteSome(ReadOnlySpan<byte> messages) => Write(messages, mayQueue: false) == LinkWrite.Accepted ? messages.Length : 0;
        public bool LinkIsClear => true;
        public bool CanTakeMessage => true;
        public void Cut(FixDownReason reason) => throw new InvalidOperationException($"the session was cut: {reason}");
        public void OnUp() { }
        public void OnDown(FixDownReason reason) { }
        public byte[]? OnLogon(in FixHeader header, ReadOnlySpan<byte> message) => null;
        public void OnRejected(in FixHeader header, uint refSequence, int reason, in StoredOrder order) => throw new InvalidOperationException("an order was rejected");
        public void OnUnsent(uint sequence, in StoredOrder order) { }

        public void OnMessage(in FixHeader header, ReadOnlySpan<byte> message)
        {
            if (isVenue) bench.OnOrder(in header, message);
            else bench.OnReport(in header, message);
        }
    }

    private readonly Inbox _toVenue = new(), _toDesk = new();
    private readonly FixHeaderTemplate _deskHeader = new("DESK", "VENUE", microseconds: true), _venueHeader = new("VENUE", "DESK", microseconds: true);
    private readonly SequenceStore _deskStore, _venueStore;
    private readonly FixSession<End> _desk, _venue;
    private readonly OrderEncoder _encoder;
    private ulong _orders;
    private long _reports, _utcNs = 1_795_000_000_000_000_000, _nowNs = 1_000_000_000, _priceSum;

    public FixInProcess(string folder)
    {
        _encoder = new OrderEncoder(_deskHeader, Symbols, "DESK1", "15=USD\u0001528=P\u0001");
        _deskStore = new SequenceStore(Path.Combine(folder, "desk.fixstore"));
        _venueStore = new SequenceStore(Path.Combine(folder, "venue.fixstore"));
        _desk = new FixSession<End>(new End(this, isVenue: false), _deskStore, _deskHeader, new FixSessionSettings { Role = FixRole.Initiator, HeartbeatSeconds = 600 });
        _venue = new FixSession<End>(new End(this, isVenue: true), _venueStore, _venueHeader, new FixSessionSettings { Role = FixRole.Acceptor, ResendApplicationMessages = true });
        _venue.OnConnected(_nowNs, _utcNs);
        _desk.OnConnected(_nowNs, _utcNs);
        for (int turn = 0; turn < 8 && !(_desk.IsUp && _venue.IsUp); turn++) Turn();
        if (!_desk.IsUp) throw new InvalidOperationException($"no logon: {_desk.State}, {_venue.State}");
    }

    private void Turn()
    {
        (_nowNs, _utcNs) = (_nowNs + 1_000, _utcNs + 1_000);
        _toVenue.Consume(_venue.OnBytes(_toVenue.Bytes, _nowNs, _utcNs));
        _toDesk.Consume(_desk.OnBytes(_toDesk.Bytes, _nowNs, _utcNs));
    }

    private void OnOrder(in FixHeader header, ReadOnlySpan<byte> message)
    {
        if (!RequestDecoder.NewOrder(message, in header, Symbols, out NewOrderRequest request).IsNone) throw new InvalidOperationException("an order is not read right");
        var report = new ExecutionReportMessage
        {
            OrderId = ++_orders, ExecutionId = _orders, ClientOrderId = request.ClientOrderId, Instrument = request.Instrument, Side = request.Side, TimeInForce = request.TimeInForce, Kind = ExecutionKind.New,
            Status = OrderStatus.New, OrderQuantityUnits = request.QuantityUnits, PriceUnits = request.PriceUnits, LeavesQuantityUnits = request.QuantityUnits, TransactTimeUtcNs = request.TransactTimeUtcNs,
        };
        var buffer = _venue.NextBuffer(out uint sequence);
        _venue.SendReport(ReportEncoder.ExecutionReport(buffer, _venueHeader, Symbols, in report, sequence, _utcNs), FixMsgType.ExecutionReport, _nowNs);
    }

    private void OnReport(in FixHeader header, ReadOnlySpan<byte> message)
    {
        ReportDecoder.ExecutionReport(message, in header, out var report);
        int instrument = Symbols.Find(report.Symbol);
        FixNumber.ParseDecimal(report.Price, Symbols.PriceDecimals[instrument], out long price);
        if (report.Problem >= 0 || !FixNumber.TryParseUnsigned(report.ClientOrderId, out ulong _)) throw new InvalidOperationException("a report is not read right");
        _priceSum += price;
        _reports++;
    }

    /// <returns>Nanoseconds a message, orders and reports together, and the bytes allocated meanwhile.</returns>
    public (double Ns, long AllocatedBytes) Run(int orders)
    {
        var intent = new OrderIntent { Kind = OrderRequestKind.New, Side = Side.Buy, TimeInForce = TimeInForce.Day, PriceUnits = 1_002_500, QuantityUnits = 100 };
        long before = _reports, begin = 0, allocated = 0;
        int warmUp = orders / 10;
        for (int i = 0; i < orders + warmUp; i++)
        {
            if (i == warmUp) (begin, allocated) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
            intent.ClientOrderId = 1_700_000_000_000_000_000UL + (uint)i;
            int length = _encoder.Encode(_desk.NextBuffer(out uint sequence), in intent, sequence, _utcNs);
            if (_desk.SendOrder(length, FixMsgType.NewOrderSingle, new StoredOrder { ClientOrderId = intent.ClientOrderId, Kind = OrderRequestKind.New, Side = Side.Buy }, _nowNs) != SendResult.Sent) throw new InvalidOperationException("an order did not leave");
            if (i % Burst == Burst - 1) Turn();
        }
        Turn();
        double ns = Stopwatch.GetElapsedTime(begin).TotalNanoseconds / (2.0 * orders);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        if (_reports - before != orders + warmUp || _priceSum != _reports * 1_002_500) throw new InvalidOperationException($"{_reports - before} reports to {orders + warmUp} orders");
        return (ns, allocated);
    }

    public void Dispose()
    {
        _deskStore.Dispose();
        _venueStore.Dispose();
    }
}
