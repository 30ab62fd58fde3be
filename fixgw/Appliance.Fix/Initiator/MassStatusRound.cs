namespace Appliance.Fix;

/// <summary>The order mass status request that is under way, and what has come of it.</summary>
internal struct MassStatusRound
{
    /// <summary>MassStatusReqID (584); 0 when none is under way.</summary>
    public ulong Id;
    /// <summary>The request's sequence number, by which a reject names it.</summary>
    public uint Sequence;
    /// <summary>Reports that have come; those of no order are not counted.</summary>
    public uint Listed;

    public readonly bool IsOpen => Id != 0;
}

/// <summary>What an ExecutionReport says of the mass status that it belongs to. Read only while one is under way, so that other reports need not be looked through for it.</summary>
internal ref struct MassStatusReport
{
    /// <summary>TotNumReports (911); −1 when it is not said.</summary>
    public long Total;
    /// <summary>LastRptRequested (912).</summary>
    public bool IsLast;
    private bool _isMarked, _isForeign;

    /// <summary>Whether the report answers the request: by its id, or, where the venue leaves that out, by the other two fields.</summary>
    public readonly bool Answers => _isMarked && !_isForeign;

    public static MassStatusReport Read(ReadOnlySpan<byte> message, int bodyStart, ulong id)
    {
        var read = new MassStatusReport { Total = -1 };
        var fields = new FixFieldReader(message, bodyStart);
        while (fields.Read(out int tag, out var value))
        {
            switch (tag)
            {
                case FixTag.MassStatusReqID:
                    read._isMarked = true;
                    read._isForeign = !FixNumber.TryParseUnsigned(value, out ulong asked) || asked != id;
                    break;
                case FixTag.TotNumReports:
                    read._isMarked = true;
                    if (FixNumber.TryParseUnsigned(value, out uint total)) read.Total = total;
                    break;
                case FixTag.LastRptRequested:
                    read._isMarked = true;
                    read.IsLast = value is [(byte)'Y'];
                    break;
            }
        }
        return read;
    }
}
