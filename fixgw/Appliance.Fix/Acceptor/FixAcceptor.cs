using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>The venue's side of order entry: requests decoded for a handler, its reports encoded, over <see cref="FixSessionAcceptor{TApplication}"/>.</summary>
public sealed class FixAcceptor<THandler> : IFixAcceptor where THandler : IFixAcceptorHandler
{
    private readonly FixSessionAcceptor<Application> _sessions;
    private readonly SymbolTable _symbols;
    private readonly int _cancelOnDisconnectTag;
    // By session: what its Logon asked for.
    private readonly bool[] _cancelOnDisconnect;
    private THandler _handler;

    public FixAcceptor(FixAcceptorOptions options, ReadOnlySpan<InstrumentDefinition> instruments, THandler handler)
    {
        _handler = handler;
        _symbols = new SymbolTable(instruments);
        _cancelOnDisconnectTag = options.CancelOnDisconnectTag;
        _cancelOnDisconnect = new bool[Math.Clamp(options.MaxSessions, 1, 1024)];
        _sessions = new FixSessionAcceptor<Application>(options, new Application(this));
    }

    public int Port => _sessions.Port;
    /// <summary>Monotonic stamp of the last system call that brought bytes, taken before they were looked at: for measuring what a counterparty took to answer.</summary>
    public long LastReceivedNs => _sessions.LastReceivedNs;
    public int SessionCount => _sessions.SessionCount;
    public bool IsUp(int session) => _sessions.IsUp(session);
    public string Counterparty(int session) => _sessions.Counterparty(session);
    public FixVersion Version(int session) => _sessions.Version(session);
    public FixSessionCounters Counters(int session) => _sessions.Counters(session);
    /// <summary>The numbers that our next message and the counterparty's next message bear.</summary>
    public (uint Outgoing, uint Incoming) NextSequences(int session) => _sessions.NextSequences(session);
    /// <summary>Connections closed because their first message was no acceptable Logon.</summary>
    public long Refused => _sessions.Refused;

    public int Poll(long monotonicNs, long utcNs) => _sessions.Poll(monotonicNs, utcNs);

    public void SendExecutionReport(int session, in ExecutionReportMessage report)
    {
        var buffer = _sessions.NextBuffer(session, out uint sequence);
        _sessions.Send(session, ReportEncoder.ExecutionReport(buffer, _sessions.Header(session), _symbols, in report, sequence, _sessions.UtcNs), FixMsgType.ExecutionReport);
    }

    public void SendCancelReject(int session, in CancelRejectMessage reject)
    {
        var buffer = _sessions.NextBuffer(session, out uint sequence);
        _sessions.Send(session, ReportEncoder.OrderCancelReject(buffer, _sessions.Header(session), in reject, sequence, _sessions.UtcNs), FixMsgType.OrderCancelReject);
    }

    public void SendNoOrders(int session, in FixText massStatusId)
    {
        var buffer = _sessions.NextBuffer(session, out uint sequence);
        _sessions.Send(session, ReportEncoder.NoOrders(buffer, _sessions.Header(session), in massStatusId, sequence, _sessions.UtcNs), FixMsgType.ExecutionReport);
    }

    public void Logout(int session, ReadOnlySpan<byte> text) => _sessions.Logout(session, text);

    public void Drop(int session) => _sessions.Drop(session);

    public void Dispose() => _sessions.Dispose();

    private void OnMessage(int session, in FixHeader header, ReadOnlySpan<byte> message)
    {
        RequestProblem problem;
        switch (header.MsgType)
        {
            case FixMsgType.NewOrderSingle:
                problem = RequestDecoder.NewOrder(message, in header, _symbols, out var order);
                if (problem.IsNone) _handler.OnNewOrder(session, in order);
                else Refuse(session, in header, message, problem, order.ClientOrderId);
                break;
            case FixMsgType.OrderCancelRequest:
                problem = RequestDecoder.Cancel(message, in header, _symbols, out var cancel);
                if (problem.IsNone) _handler.OnCancel(session, in cancel);
                else Refuse(session, in header, message, problem, cancel.ClientOrderId);
                break;
            case FixMsgType.OrderCancelReplaceRequest:
                problem = RequestDecoder.Replace(message, in header, _symbols, out var replace);
                if (problem.IsNone) _handler.OnReplace(session, in replace);
                else Refuse(session, in header, message, problem, replace.ClientOrderId);
                break;
            case FixMsgType.OrderStatusRequest:
                problem = RequestDecoder.Status(message, in header, _symbols, out var status);
                if (problem.IsNone) _handler.OnStatusRequest(session, in status);
                else Refuse(session, in header, message, problem, status.ClientOrderId);
                break;
            case FixMsgType.OrderMassStatusRequest when Version(session).IsAtLeast(FixVersion.Fix43):
                problem = RequestDecoder.MassStatus(message, in header, _symbols, out var mass);
                if (!problem.IsNone) Refuse(session, in header, message, problem, mass.Id);
                else if (!_handler.OnMassStatusRequest(session, in mass)) _sessions.SendBusinessReject(session, in header, mass.Id.Span, 3, "unsupported message type"u8);
                break;
            default:
                _sessions.SendBusinessReject(session, in header, default, 3, "unsupported message type"u8);
                break;
        }
    }

    private void Refuse(int session, in FixHeader header, ReadOnlySpan<byte> message, RequestProblem problem, FixText id)
    {
        if (problem.UnknownSymbol) _sessions.SendBusinessReject(session, in header, id.Span, 2, "unknown symbol"u8);
        else _sessions.SendReject(session, in header, message, problem.Reason, problem.Tag);
    }

    private readonly struct Application(FixAcceptor<THandler> acceptor) : IFixApplication
    {
        public byte[]? OnLogon(int session, in FixHeader header, ReadOnlySpan<byte> message)
        {
            bool asked = false;
            var fields = new FixFieldReader(message, header.BodyStart);
            while (fields.Read(out int tag, out var value))
                if (tag == acceptor._cancelOnDisconnectTag) asked = value is [(byte)'Y'];
            acceptor._cancelOnDisconnect[session] = asked;
            return null;
        }

        public void OnSessionUp(int session) => acceptor._handler.OnSessionUp(session, acceptor._sessions.CounterpartyBytes(session), acceptor._cancelOnDisconnect[session]);
        public void OnSessionDown(int session, FixDownReason reason) => acceptor._handler.OnSessionDown(session);
        public void OnMessage(int session, in FixHeader header, ReadOnlySpan<byte> message) => acceptor.OnMessage(session, in header, message);
    }
}
