using Appliance.Contract;

namespace Appliance.Venue.Statements;

/// <summary>What one account did in one instrument, in whole numbers; fees are summed fill by fill, as the desk's account does.</summary>
public struct LedgerEntry
{
    public long PositionUnits;
    public long BoughtUnits;
    public long SoldUnits;
    /// <summary>Received less paid, without fees, in price units times quantity units.</summary>
    public Int128 CashRaw;
    /// <summary>In 10^-8 of quote currency, by <see cref="FeeSchedule"/>; paid is positive.</summary>
    public long FeesMoneyUnits;
    public long Fills;
    public long MakerFills;
}

/// <summary>What one account sent and what became of it.</summary>
public struct LedgerActivity
{
    public long Orders, Amends, Cancels, Cancelled, Replaced, Rejected, CancelRejected;
}

/// <summary>
/// The venue's books of account: every trade is entered for both sides where both are known, so positions and cash over all accounts add up to zero.
/// Sized at start; one thread.
/// </summary>
public sealed class VenueLedger
{
    private readonly InstrumentDefinition[] _instruments;
    private readonly InstrumentFees[] _fees;
    private readonly LedgerEntry[] _entries;
    private readonly LedgerActivity[] _activity;
    private readonly string[] _names;

    /// <param name="fees">One for each instrument, in the same order.</param>
    public VenueLedger(ReadOnlySpan<InstrumentDefinition> instruments, ReadOnlySpan<FeeSchedule> fees, int accountsMax = 64)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(accountsMax);
        ArgumentOutOfRangeException.ThrowIfNotEqual(fees.Length, instruments.Length);
        _instruments = instruments.ToArray();
        _fees = new InstrumentFees[fees.Length];
        for (int i = 0; i < fees.Length; i++)
        {
            if (instruments[i].Index != i) throw new ArgumentException($"{instruments[i].Symbol}: its index is {instruments[i].Index}, its place in the list is {i}.");
            _fees[i] = fees[i].For(instruments[i]);
        }
        _entries = new LedgerEntry[instruments.Length * accountsMax];
        _activity = new LedgerActivity[accountsMax];
        _names = new string[accountsMax];
    }

    public int Accounts { get; private set; }
    public ReadOnlySpan<InstrumentDefinition> Instruments => _instruments;

    /// <summary>The account of that name, made when it is new.</summary>
    public int Open(string name)
    {
        int at = Array.IndexOf(_names, name, 0, Accounts);
        if (at >= 0) return at;
        if (Accounts == _names.Length) throw new InvalidOperationException($"The ledger holds {_names.Length} accounts; '{name}' is one more.");
        _names[Accounts] = name;
        return Accounts++;
    }

    public string NameOf(int account) => _names[account];
    public ref LedgerActivity Activity(int account) => ref _activity[account];
    public ref readonly LedgerEntry this[int account, int instrument] => ref _entries[account * _instruments.Length + instrument];

    /// <summary>Enters one side of a trade. <paramref name="maker"/> decides the fee; a background account's fees are entered like anyone's.</summary>
    public void Trade(int account, int instrument, Side side, long priceUnits, long quantityUnits, bool maker)
    {
        ref LedgerEntry entry = ref _entries[account * _instruments.Length + instrument];
        Int128 product = (Int128)priceUnits * quantityUnits;
        if (side == Side.Buy)
        {
            entry.PositionUnits += quantityUnits;
            entry.BoughtUnits += quantityUnits;
            entry.CashRaw -= product;
        }
        else
        {
            entry.PositionUnits -= quantityUnits;
            entry.SoldUnits += quantityUnits;
            entry.CashRaw += product;
        }
        entry.FeesMoneyUnits += _fees[instrument].OfFill(priceUnits, quantityUnits, maker);
        entry.Fills++;
        if (maker) entry.MakerFills++;
    }

    /// <summary>Cash of an entry in quote currency, before fees.</summary>
    public decimal CashOf(int account, int instrument)
    {
        InstrumentDefinition definition = _instruments[instrument];
        return (decimal)this[account, instrument].CashRaw / definition.PriceUnitsPerOne / definition.QuantityUnitsPerOne * (decimal)definition.ContractSize;
    }

    /// <summary>Fees of an entry in quote currency.</summary>
    public decimal FeesOf(int account, int instrument) => (decimal)this[account, instrument].FeesMoneyUnits / FeeSchedule.MoneyUnitsPerOne;
}
