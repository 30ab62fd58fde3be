using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>
/// Orders that leave together: each is numbered and stored as it comes, and one write hands them to the link. What the link did not begin is taken back, so that an order still either leaves now or
/// never. Between the first <see cref="GatherOrder"/> and <see cref="WriteGathered"/> the session is given nothing else to do.
/// </summary>
public sealed partial class FixSession<THost>
{
    /// <summary>Orders of one write. More would make the first wait for long, and save nothing any more.</summary>
    public const int GatheredOrdersMax = 64;

    // Where each gathered order ends in the slice.
    private readonly int[] _gatheredEnds = new int[GatheredOrdersMax];

    /// <summary>Orders that were numbered and stored and have not left.</summary>
    public int GatheredOrders { get; private set; }

    /// <summary>One more order has room beside those gathered.</summary>
    public bool CanGather => GatheredOrders < GatheredOrdersMax && _sliceLength <= _slice.Length - SequenceStore.MaxOutgoingBytes && !(GatheredOrders > 0 && _store.IsSegmentFull);

    /// <summary>Stores the order that was encoded into <see cref="NextBuffer"/>, to leave with the next <see cref="WriteGathered"/>. Only while <see cref="CanGather"/>.</summary>
    public SendResult GatherOrder(int length, uint type, in StoredOrder order, long nowNs)
    {
        var ready = OrderReadiness;
        if (ready != SendResult.Sent)
            return ready;
        _store.NextBuffer()[..length].CopyTo(_slice.AsSpan(_sliceLength));
        long utcNs = _utcNs + (nowNs - _nowNs);
        if (GatheredOrders == 0) _store.Commit(length, type, in order, utcNs);
        else _store.CommitFurther(length, type, in order, utcNs);
        _sliceLength += length;
        _gatheredEnds[GatheredOrders++] = _sliceLength;
        return SendResult.Sent;
    }

    /// <summary>Writes what was gathered. The orders that the link began leave; the others' numbers are taken back, and nothing of them leaves, ever.</summary>
    /// <param name="left">How many left, the oldest first.</param>
    /// <returns>Why the others did not.</returns>
    public SendResult WriteGathered(long nowNs, out int left)
    {
        left = 0;
        int count = GatheredOrders;
        if (count == 0)
            return SendResult.Sent;
        if (!_store.FlushOutgoing())
        {
            TakeBackGathered();
            return SendResult.LogFull;
        }
        int length = _sliceLength, taken = _host.WriteSome(_slice.AsSpan(0, length));
        while (left < count && (left == 0 ? 0 : _gatheredEnds[left - 1]) < taken) left++;
        int begun = left == 0 ? 0 : _gatheredEnds[left - 1];
        // A begun message is finished before anything else, like one that was sent alone.
        bool isAlive = taken >= 0 && (taken >= begun || _host.Write(_slice.AsSpan(taken, begun - taken), mayQueue: true) == LinkWrite.Accepted);
        GatheredOrders = count - left;
        Counters.MessagesOut += left;
        if (left > 0) _lastSentNs = nowNs;
        TakeBackGathered();
        if (!isAlive)
        {
            _nowNs = nowNs;
            GoDown(FixDownReason.LinkLost, cut: true);
            return SendResult.Disconnected;
        }
        if (left == count)
            return SendResult.Sent;
        Counters.BackPressure++;
        return SendResult.BackPressure;
    }

    /// <summary>Takes back what was gathered: nothing of it has left, or ever will.</summary>
    public void TakeBackGathered()
    {
        Counters.TakenBack += GatheredOrders;
        for (; GatheredOrders > 0; GatheredOrders--) _store.TakeBack();
        _sliceLength = 0;
    }
}
