using Appliance.Contract;
using Appliance.Fix;
using Appliance.Venue.Embedded;

namespace Appliance.Tests.Venue;

/// <summary>The FIX side played by hand: calls the venue as an acceptor would, and keeps what the venue says.</summary>
internal sealed class ScriptedAcceptor(VenueCore core) : IFixAcceptor
{
    private readonly List<(string Name, bool Up)> _sessions = [];

    public List<(int Session, ExecutionReportMessage Report)> Reports { get; } = [];
    public List<(int Session, CancelRejectMessage Reject)> Rejects { get; } = [];
    public int Port => 0;
    public int SessionCount => _sessions.Count;
    public bool IsUp(int session) => _sessions[session].Up;
    public string Counterparty(int session) => _sessions[session].Name;
    public int Poll(long monotonicNs, long utcNs) => 0;
    public void SendExecutionReport(int session, in ExecutionReportMessage report) => Reports.Add((session, report));
    public List<(int Session, string Id)> NoOrders { get; } = [];
    public void SendNoOrders(int session, in FixText massStatusId) => NoOrders.Add((session, massStatusId.ToString()));
    public void SendCancelReject(int session, in CancelRejectMessage reject) => Rejects.Add((session, reject));
    public void Logout(int session, ReadOnlySpan<byte> text) => Drop(session);
    public void Dispose() { }

    public void Drop(int session)
    {
        if (!_sessions[session].Up) return;
        _sessions[session] = (_sessions[session].Name, false);
        core.OnSessionDown(session);
    }

    public int Logon(string name)
    {
        int at = _sessions.FindIndex(s => s.Name == name);
        if (at < 0)
        {
            at = _sessions.Count;
            _sessions.Add((name, false));
        }
        _sessions[at] = (name, true);
        core.OnSessionUp(at, System.Text.Encoding.ASCII.GetBytes(name), cancelOnDisconnect: false);
        return at;
    }

    public void New(int session, string id, int instrument, Side side, long price, long quantity, TimeInForce timeInForce = TimeInForce.Day, bool possibleResend = false) =>
        core.OnNewOrder(session, new NewOrderRequest
        {
            ClientOrderId = FixText.FromString(id), Instrument = (ushort)instrument, Side = side, TimeInForce = timeInForce, OrderType = FixOrderType.Limit,
            PriceUnits = price, QuantityUnits = quantity, PossibleResend = possibleResend,
        });

    public void Market(int session, string id, int instrument, Side side, long quantity) => core.OnNewOrder(session, new NewOrderRequest
    {
        ClientOrderId = FixText.FromString(id), Instrument = (ushort)instrument, Side = side, OrderType = FixOrderType.Market, QuantityUnits = quantity,
    });

    public void Cancel(int session, string id, string original) =>
        core.OnCancel(session, new CancelOrderRequest { ClientOrderId = FixText.FromString(id), OriginalClientOrderId = FixText.FromString(original) });

    public void Replace(int session, string id, string original, long price, long quantity) => core.OnReplace(session, new ReplaceOrderRequest
    {
        ClientOrderId = FixText.FromString(id), OriginalClientOrderId = FixText.FromString(original), Side = Side.Buy, OrderType = FixOrderType.Limit,
        PriceUnits = price, QuantityUnits = quantity,
    });

    /// <summary>What the session was told, as "id kind/status last@price cum leaves".</summary>
    public List<string> Told(int session) => Reports.Where(r => r.Session == session).Select(r => r.Report).Select(r =>
        $"{r.ClientOrderId} {r.Kind}/{r.Status}{(r.Kind == ExecutionKind.Trade ? $" {r.LastQuantityUnits}@{r.LastPriceUnits}" : "")} cum {r.CumulativeQuantityUnits} left {r.LeavesQuantityUnits}").ToList();
}
