namespace Appliance.Risk;

/// <summary>What the gate allows. Plain and frozen: the host reads it from the desk file, and <see cref="Problems"/> says what is wrong with it, all at once.</summary>
public sealed record GateLimits
{
    /// <summary>One entry for each tradable instrument; an instrument without one is not on the allow-list.</summary>
    public required IReadOnlyList<InstrumentLimits> Instruments { get; init; }

    /// <summary>Requests of every kind in one rolling window, the venue's own limit. 1 to 1,000,000.</summary>
    public int MaxMessagesPerWindow { get; init; } = 50;
    /// <summary>The rolling window in sequenced time: a message counts from its own time up to, not including, that plus the window.</summary>
    public long MessageWindowNs { get; init; } = 1_000_000_000;
    /// <summary>Messages of the window kept for cancels: new orders and amends stop this much earlier. 0 to MaxMessagesPerWindow.</summary>
    public int CancelReserveMessages { get; init; } = 10;
    /// <summary>Orders not yet done, over all instruments. 1 to 65,536.</summary>
    public int MaxLiveOrders { get; init; } = 16;
    /// <summary>A new order equal in portfolio, instrument, side, price and quantity to one approved less than this ago is held back; 0 switches the control off. At most ten minutes.</summary>
    public long DuplicateWindowNs { get; init; } = 50_000_000;
    /// <summary>New orders stop for the rest of the run when profit and loss falls to minus this or below. Quote currency, above 0.</summary>
    public double MaxDailyLoss { get; init; } = double.PositiveInfinity;
    /// <summary>A request unanswered for longer freezes its instrument. Sequenced time.</summary>
    public long AcknowledgeWithinNs { get; init; } = 500_000_000;
    /// <summary>Client order ids are this times 10^9 plus a count from 1: different for every run of a day. At most 9,000,000,000.</summary>
    public ulong OrderIdEpoch { get; init; } = 1;
    /// <summary>Client order ids that this run may give; the next epoch's begin behind them.</summary>
    public ulong OrderIdsMax { get; init; } = 1_000_000_000;
    /// <summary>Order records kept, live and done; done ones are reused oldest first, so late fills find their order. A power of two, at least twice MaxLiveOrders.</summary>
    public int OrderTableCapacity { get; init; } = 1024;

    /// <summary>Every rule that the values break, in words; empty when the limits can be used.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        void Need(bool holds, string sentence) { if (!holds) problems.Add(sentence); }
        Need(MaxMessagesPerWindow is >= 1 and <= 1_000_000, $"MaxMessagesPerWindow is {MaxMessagesPerWindow}; allowed are 1 to 1,000,000.");
        Need(MessageWindowNs is >= 1 and <= 3_600_000_000_000, $"MessageWindowNs is {MessageWindowNs}; allowed are 1 to 3,600,000,000,000 (one hour).");
        Need(CancelReserveMessages >= 0 && CancelReserveMessages <= MaxMessagesPerWindow,
            $"CancelReserveMessages is {CancelReserveMessages}; allowed are 0 to MaxMessagesPerWindow.");
        Need(MaxLiveOrders is >= 1 and <= 65_536, $"MaxLiveOrders is {MaxLiveOrders}; allowed are 1 to 65,536.");
        Need(DuplicateWindowNs is >= 0 and <= 600_000_000_000, $"DuplicateWindowNs is {DuplicateWindowNs}; allowed are 0 to 600,000,000,000 (ten minutes).");
        Need(MaxDailyLoss > 0, $"MaxDailyLoss is {MaxDailyLoss}; it must be above 0.");
        Need(AcknowledgeWithinNs > 0, $"AcknowledgeWithinNs is {AcknowledgeWithinNs}; it must be above 0.");
        Need(OrderIdEpoch <= 9_000_000_000, $"OrderIdEpoch is {OrderIdEpoch}; allowed are 0 to 9,000,000,000.");
        Need(int.IsPow2(OrderTableCapacity) && OrderTableCapacity <= 1 << 20 && OrderTableCapacity >= 2L * MaxLiveOrders,
            $"OrderTableCapacity is {OrderTableCapacity}; it must be a power of two, at least twice MaxLiveOrders and at most 1,048,576.");
        Need(Instruments.Select(i => i.Instrument).Distinct().Count() == Instruments.Count, "An instrument has two entries of limits.");
        foreach (InstrumentLimits limits in Instruments) problems.AddRange(limits.Problems());
        return problems;
    }
}

/// <summary>Limits of one instrument. Quantities in its quantity units, prices in its price units.</summary>
public sealed record InstrumentLimits
{
    /// <summary>Quantities, positions and prices stay below this, so that no sum of a few of them leaves 64 bits.</summary>
    public const long UnitsMax = 1L << 58;

    public required ushort Instrument { get; init; }
    public required long MaxQuantityUnits { get; init; }
    /// <summary>Price times quantity times contract size of one order, in quote currency.</summary>
    public required decimal MaxNotional { get; init; }
    /// <summary>The worst position on either side if every working order filled.</summary>
    public required long MaxPositionUnits { get; init; }
    /// <summary>How far a price may lie from the last good mid, in basis points of it.</summary>
    public required int CollarBasisPoints { get; init; }
    /// <summary>No order when the instrument's last book event is older than this.</summary>
    public long StaleAfterNs { get; init; } = 2_000_000_000;
    /// <summary>False takes the instrument off the allow-list.</summary>
    public bool IsAllowed { get; init; } = true;

    internal IEnumerable<string> Problems()
    {
        if (MaxQuantityUnits is < 1 or > UnitsMax) yield return $"Instrument {Instrument}: MaxQuantityUnits is {MaxQuantityUnits}; allowed are 1 to 2^58.";
        if (MaxPositionUnits is < 0 or > UnitsMax) yield return $"Instrument {Instrument}: MaxPositionUnits is {MaxPositionUnits}; allowed are 0 to 2^58.";
        if (MaxNotional <= 0) yield return $"Instrument {Instrument}: MaxNotional is {MaxNotional}; it must be above 0.";
        if (CollarBasisPoints is < 0 or > 1_000_000) yield return $"Instrument {Instrument}: CollarBasisPoints is {CollarBasisPoints}; allowed are 0 to 1,000,000.";
        if (StaleAfterNs <= 0) yield return $"Instrument {Instrument}: StaleAfterNs is {StaleAfterNs}; it must be above 0.";
    }
}
