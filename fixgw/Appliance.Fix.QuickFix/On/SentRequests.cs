using Appliance.Contract;

namespace Appliance.Fix.QuickFix;

/// <summary>One request of ours as it was sent.</summary>
internal struct SentRequest
{
    public ulong ClientOrderId;
    public uint Sequence;
    public ushort Instrument;
    public Side Side;
    public OrderRequestKind Kind;
    public bool IsAnswered;
}

/// <summary>The last requests, by client order id and by sequence number: which instrument an answer is about, and which order a reject names. The library's thread and the owner's both come here.</summary>
internal sealed class SentRequests(int capacity)
{
    private readonly SentRequest[] _byId = new SentRequest[capacity];
    private readonly ulong[] _idBySequence = new ulong[capacity];
    private readonly Lock _lock = new();

    public void Add(in ApprovedOrder order, uint sequence)
    {
        lock (_lock)
        {
            _byId[(int)(order.ClientOrderId & (uint)(capacity - 1))] = new SentRequest { ClientOrderId = order.ClientOrderId, Sequence = sequence, Instrument = order.Instrument, Side = order.Side, Kind = order.Kind };
            _idBySequence[sequence & (uint)(capacity - 1)] = order.ClientOrderId;
        }
    }

    public bool TryFind(ulong id, out SentRequest request)
    {
        lock (_lock) request = _byId[(int)(id & (uint)(capacity - 1))];
        return id != 0 && request.ClientOrderId == id;
    }

    public bool TryFindBySequence(uint sequence, out SentRequest request)
    {
        ulong id;
        lock (_lock) id = _idBySequence[sequence & (uint)(capacity - 1)];
        return TryFind(id, out request) && request.Sequence == sequence;
    }

    public void MarkAnswered(ulong id)
    {
        lock (_lock)
        {
            ref SentRequest request = ref _byId[(int)(id & (uint)(capacity - 1))];
            if (request.ClientOrderId == id) request.IsAnswered = true;
        }
    }
}
