using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Risk;

/// <summary>
/// What is held and works, against the limits on it. Each instrument counts with its worst case on either side in hundredths of the quote currency at the last good mid; sums
/// over all instruments are kept up by what changes, so a check costs the same for one instrument and for ten thousand. Values are rounded once to whole hundredths: the sums are exact.
/// </summary>
public sealed partial class Gate
{
    private Int128 _buyWorstCents, _sellWorstCents, _worstCents;
    private Int128 _maxAccountCents, _maxExposureCents;

    /// <summary>The net position of the account with every working buy filled, in quote currency at the last good mids.</summary>
    public double AccountBuyWorst => (double)_buyWorstCents / 100;
    public double AccountSellWorst => (double)_sellWorstCents / 100;
    /// <summary>What counts against the credit or capital threshold, in quote currency.</summary>
    public double Exposure => (double)_worstCents / 100;

    /// <summary>
    /// Whether the worst case on the order's side passes a limit with <paramref name="addedUnits"/> more at work. Only that side is judged, so an order that
    /// leads back from beyond a limit may go. <c>sideCents</c> is what the side will count with. No term exceeds 2^61 and there are three of them, so nothing overflows.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private GateVerdict CheckExposure(in GateInstrument i, in GatePortfolio p, in OrderIntent order, long addedUnits, out long sideCents)
    {
        ref readonly InstrumentExposure held = ref _orders.Exposure(order.Instrument);
        ref readonly PortfolioExposure hedge = ref _orders.PortfolioExposure(order.Portfolio);
        double centsPerUnit = i.LastGoodTwiceMidUnits * i.CentsPerRaw;
        sideCents = 0;
        if (order.Side == Side.Buy)
        {
            long worst = held.PositionUnits + held.WorkingBuyUnits + addedUnits;
            if (worst > i.MaxPositionUnits) return GateVerdict.PositionLimit;
            if (hedge.PositionUnits + hedge.WorkingBuyUnits + addedUnits > p.MaxHedgeUnits) return GateVerdict.HedgeSize;
            long cents = sideCents = Cents(worst, centsPerUnit);
            if (_buyWorstCents - held.BuyWorstCents + cents > _maxAccountCents) return GateVerdict.AccountPosition;
            return IsBeyondCredit(in held, Math.Max(Math.Abs(cents), Math.Abs(held.SellWorstCents))) ? GateVerdict.CreditThreshold : GateVerdict.Approved;
        }
        else
        {
            long worst = held.PositionUnits - held.WorkingSellUnits - addedUnits;
            if (worst < -i.MaxPositionUnits) return GateVerdict.PositionLimit;
            if (hedge.PositionUnits - hedge.WorkingSellUnits - addedUnits < -p.MaxHedgeUnits) return GateVerdict.HedgeSize;
            long cents = sideCents = Cents(worst, centsPerUnit);
            if (_sellWorstCents - held.SellWorstCents + cents < -_maxAccountCents) return GateVerdict.AccountPosition;
            return IsBeyondCredit(in held, Math.Max(Math.Abs(cents), Math.Abs(held.BuyWorstCents))) ? GateVerdict.CreditThreshold : GateVerdict.Approved;
        }
    }

    /// <summary>An order that does not make the instrument's worst case worse needs no more credit, however little there is.</summary>
    private bool IsBeyondCredit(in InstrumentExposure held, long worstCents)
    {
        long before = held.WorstCents;
        return worstCents > before && _worstCents - before + worstCents > _maxExposureCents;
    }

    /// <summary>A new order works: its side counts with what <see cref="CheckExposure"/> said, which is what <see cref="Revalue"/> would find.</summary>
    private void Worsen(ref InstrumentExposure held, Side side, long sideCents)
    {
        _worstCents -= held.WorstCents;
        if (side == Side.Buy)
        {
            _buyWorstCents += sideCents - held.BuyWorstCents;
            held.BuyWorstCents = sideCents;
        }
        else
        {
            _sellWorstCents += sideCents - held.SellWorstCents;
            held.SellWorstCents = sideCents;
        }
        _worstCents += held.WorstCents;
    }

    /// <summary>Brings the instrument's money and the sums into line with its position, its working orders and its mid.</summary>
    private void Revalue(int instrument)
    {
        ref readonly GateInstrument i = ref _instruments[instrument];
        ref InstrumentExposure held = ref _orders.ExposureOf(instrument);
        double centsPerUnit = i.LastGoodTwiceMidUnits * i.CentsPerRaw;
        long buy = Cents(held.PositionUnits + held.WorkingBuyUnits, centsPerUnit), sell = Cents(held.PositionUnits - held.WorkingSellUnits, centsPerUnit);
        _worstCents -= held.WorstCents;
        _buyWorstCents += buy - held.BuyWorstCents;
        _sellWorstCents += sell - held.SellWorstCents;
        (held.BuyWorstCents, held.SellWorstCents) = (buy, sell);
        _worstCents += held.WorstCents;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Cents(long units, double centsPerUnit)
    {
        double cents = units * centsPerUnit;
        return Math.Abs(cents) < CentsMax ? double.ConvertToIntegerNative<long>(Math.Round(cents)) : cents > 0 ? (long)CentsMax : -(long)CentsMax;
    }

    /// <summary>2^60: an instrument's worth is never more, so that a difference of two stays within 64 bits.</summary>
    private const double CentsMax = 1L << 60;

    private static Int128 ToCents(double money) => money >= 1e28 ? (Int128)1e30 : (Int128)Math.Round(money * 100);
}
