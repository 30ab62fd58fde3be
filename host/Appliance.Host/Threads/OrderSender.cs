using Appliance.Contract;
using Appliance.Flow;
using Appliance.Risk;

namespace Appliance.Host.Threads;

/// <summary>What takes an intent as far as it goes without sending it.</summary>
internal interface IRehearsable
{
    void Rehearse(in OrderIntent intent);
}

/// <summary>
/// The last step before the wire, on the sending thread: the kill flag is read immediately before each write, and what did not leave
/// re-enters the ring as an event. A cancel passes a kill. The first order of a decision is written at once, those after it together at the decision's end.
/// </summary>
internal sealed class OrderSender<TSink>(IOrderGateway gateway, KillSwitch kill, TSink sink) : IOrderOut, IRehearsable where TSink : struct, IEventSink
{
    /// <summary>Orders that wait at most, whatever the gateway would gather.</summary>
    public const int GatheredMax = 64;

    private const int HeldMax = 4096;
    private readonly RingEvent[] _held = new RingEvent[HeldMax];
    private int _heldCount;
    private readonly ApprovedOrder[] _gathered = new ApprovedOrder[GatheredMax];
    private int _gatheredCount;
    private bool _isFurther;
    private TSink _sink = sink;
    private readonly HostMonotonicClock _clock = new();

    public long LastEncodedNs => gateway.LastEncodedNs;
    public long LastSentNs => gateway.LastSentNs;
    public long Sent { get; private set; }
    public long Unsent { get; private set; }

    public SendResult Send(in ApprovedOrder order)
    {
        bool gathers = _isFurther && order.Kind is not (OrderRequestKind.Status or OrderRequestKind.MassStatus);
        if (!gathers || _gatheredCount == GatheredMax || !gateway.CanGather) WriteGathered();
        _isFurther = true;
        return gathers && gateway.CanGather ? Gather(in order) : SendNow(in order);
    }

    /// <summary>Writes what waited for others of the same decision. Before the gateway is polled.</summary>
    public void EndDecision()
    {
        _isFurther = false;
        WriteGathered();
    }

    private SendResult SendNow(in ApprovedOrder order)
    {
        SendResult result = IsKilled(in order) ? SendResult.Killed : gateway.Send(in order);
        if (result == SendResult.Sent) Sent++;
        else NotSent(in order, result);
        return result;
    }

    private SendResult Gather(in ApprovedOrder order)
    {
        SendResult result = IsKilled(in order) ? SendResult.Killed : gateway.Gather(in order);
        if (result == SendResult.Sent) _gathered[_gatheredCount++] = order;
        else NotSent(in order, result);
        return result;
    }

    private bool IsKilled(in ApprovedOrder order) => order.Kind is OrderRequestKind.New or OrderRequestKind.Amend && kill.IsSet;

    private void WriteGathered()
    {
        int count = _gatheredCount;
        if (count == 0) return;
        _gatheredCount = 0;
        if (kill.IsSet)
        {
            // Their numbers follow one another, so none can be left out: all are taken back, and the cancels among them sent under new ones.
            gateway.TakeBackGathered();
            foreach (ref readonly ApprovedOrder order in _gathered.AsSpan(0, count)) SendNow(in order);
            return;
        }
        SendResult result = gateway.WriteGathered(out int left);
        Sent += left;
        foreach (ref readonly ApprovedOrder order in _gathered.AsSpan(left, count - left)) NotSent(in order, result);
    }

    /// <summary>What sending that order would run and read, without sending anything.</summary>
    public void Rehearse(in OrderIntent intent)
    {
        if (!kill.IsSet) gateway.Rehearse(in intent);
    }

    /// <summary>Puts what could not be published before into the ring, now that there may be room.</summary>
    public void Flush()
    {
        int done = 0;
        while (done < _heldCount && _sink.RemainingCapacity > 0)
        {
            _sink.Claim() = _held[done++];
            _sink.Publish();
        }
        if (done == 0) return;
        Array.Copy(_held, done, _held, 0, _heldCount - done);
        _heldCount -= done;
    }

    /// <summary>The kill flag as this thread sees it, into the ring.</summary>
    /// <returns>False when the ring has no room now.</returns>
    public bool TryPublishKillObserved(long nowNs, long timeUtcNs)
    {
        if (_sink.RemainingCapacity < 1) return false;
        RingEvent.Begin(ref _sink.Claim(), EventKind.KillObserved, RingEvent.AllInstruments, 0, nowNs, timeUtcNs);
        _sink.Publish();
        return true;
    }

    private void NotSent(in ApprovedOrder order, SendResult result)
    {
        Unsent++;
        // A question that did not leave changes nothing about its order, and is asked again.
        if (order.Kind is OrderRequestKind.Status or OrderRequestKind.MassStatus) return;
        if (_heldCount >= HeldMax - 2) throw new InvalidOperationException("More than 4,000 unsent orders wait for room in the ring; the gate's limits cannot allow that.");
        long now = _clock.NowNs();
        RingEvent e = default;
        if (result == SendResult.Killed)
        {
            RingEvent.Begin(ref e, EventKind.KillObserved, order.Instrument, 0, now, order.TimeUtcNs);
            RingEvent.AsControl(ref e).Value1 = (long)order.ClientOrderId;
            _held[_heldCount++] = e;
        }
        RingEvent.Begin(ref e, EventKind.OrderUnsent, order.Instrument, 0, now, order.TimeUtcNs);
        ref Execution execution = ref RingEvent.AsExecution(ref e);
        execution.Side = order.Side;
        execution.ClientOrderId = order.ClientOrderId;
        execution.Reason = (ushort)result;
        _held[_heldCount++] = e;
        Flush();
    }
}
