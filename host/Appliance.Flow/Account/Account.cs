using Appliance.Contract;
using Appliance.Risk;

namespace Appliance.Flow.Accounts;

/// <summary>A portfolio as the account needs it: who it is and what it hedges with.</summary>
public sealed record AccountPortfolio(string Name, ushort HedgeInstrument, long OpeningPositionUnits = 0);

/// <summary>
/// What we hold and what it made, from execution events alone: a ledger for each instrument, to be compared with the venue's statement, and one
/// <see cref="PortfolioAccount"/> for each portfolio. Fed with what <see cref="Gate.OnExecution"/> returns. A fill whose order nobody knows goes to the
/// first portfolio that hedges with the instrument, since the position is somebody's; the order table counts it.
/// </summary>
public sealed class Account
{
    private readonly InstrumentDefinition?[] _instruments;
    private readonly InstrumentLedger[] _ledgers;
    private readonly InstrumentFees?[] _fees;
    private readonly PortfolioAccount[] _portfolios;
    private readonly int[] _firstPortfolio;

    /// <param name="fees">One for each instrument, in the same order.</param>
    public Account(ReadOnlySpan<InstrumentDefinition> instruments, ReadOnlySpan<FeeSchedule> fees, ReadOnlySpan<AccountPortfolio> portfolios)
    {
        if (fees.Length != instruments.Length) throw new ArgumentException("Each instrument needs its fee schedule.", nameof(fees));
        int table = 0;
        foreach (InstrumentDefinition instrument in instruments) table = Math.Max(table, instrument.Index + 1);
        _instruments = new InstrumentDefinition?[table];
        _ledgers = new InstrumentLedger[table];
        _fees = new InstrumentFees?[table];
        _firstPortfolio = new int[table];
        Array.Fill(_firstPortfolio, -1);
        for (int i = 0; i < instruments.Length; i++)
        {
            _instruments[instruments[i].Index] = instruments[i];
            _fees[instruments[i].Index] = fees[i].For(instruments[i]);
        }
        _portfolios = new PortfolioAccount[portfolios.Length];
        for (int i = 0; i < portfolios.Length; i++)
        {
            AccountPortfolio portfolio = portfolios[i];
            InstrumentDefinition hedge = (portfolio.HedgeInstrument < table ? _instruments[portfolio.HedgeInstrument] : null)
                ?? throw new ArgumentException($"Portfolio {portfolio.Name} hedges with instrument {portfolio.HedgeInstrument}, which the desk does not have.", nameof(portfolios));
            _portfolios[i] = new PortfolioAccount(portfolio.Name, (ushort)i, hedge, portfolio.OpeningPositionUnits);
            _ledgers[hedge.Index].PositionUnits += portfolio.OpeningPositionUnits;
            if (_firstPortfolio[hedge.Index] < 0) _firstPortfolio[hedge.Index] = i;
        }
    }

    public ReadOnlySpan<PortfolioAccount> Portfolios => _portfolios;
    public PortfolioAccount this[int portfolio] => _portfolios[portfolio];
    public ref readonly InstrumentLedger Ledger(int instrument) => ref _ledgers[instrument];

    /// <summary>Fills on instruments that no account has; nothing is booked for them.</summary>
    public long ForeignFills { get; private set; }

    /// <summary>Over all portfolios, at their last marks: the figure for the gate's daily loss.</summary>
    public double Pnl
    {
        get
        {
            double sum = 0;
            foreach (PortfolioAccount portfolio in _portfolios) sum += portfolio.Pnl;
            return sum;
        }
    }

    /// <summary>Books what an execution event did; most events fill nothing and change nothing here.</summary>
    public void OnExecution(in ExecutionEffect effect)
    {
        if (effect.FilledUnits != 0) Book(in effect);
    }

    private void Book(in ExecutionEffect effect)
    {
        if (effect.Instrument >= _ledgers.Length || _fees[effect.Instrument] is not { } fees) { ForeignFills++; return; }
        long signed = effect.Side == Side.Buy ? effect.FilledUnits : -effect.FilledUnits;
        long fee = fees.OfFill(effect.PriceUnits, Math.Abs(effect.FilledUnits), effect.AddedLiquidity);
        if (effect.FilledUnits < 0) fee = -fee;
        _ledgers[effect.Instrument].Fill(signed, effect.PriceUnits, fee);
        int portfolio = effect.Portfolio < _portfolios.Length && _portfolios[effect.Portfolio].HedgeInstrument.Index == effect.Instrument
            ? effect.Portfolio : _firstPortfolio[effect.Instrument];
        if (portfolio >= 0) _portfolios[portfolio].Fill(in effect, signed, fee);
    }

    /// <summary>Cash of an instrument without fees, exact to decimal's 28 digits, in quote currency: a statement's figure.</summary>
    public decimal CashOf(int instrument)
    {
        InstrumentDefinition definition = _instruments[instrument] ?? throw new ArgumentOutOfRangeException(nameof(instrument));
        return (decimal)_ledgers[instrument].CashRaw / definition.PriceUnitsPerOne / definition.QuantityUnitsPerOne * (decimal)definition.ContractSize;
    }

    /// <summary>Fees of an instrument in quote currency, exact.</summary>
    public decimal FeesOf(int instrument) => (decimal)_ledgers[instrument].FeesMoneyUnits / FeeSchedule.MoneyUnitsPerOne;
}
