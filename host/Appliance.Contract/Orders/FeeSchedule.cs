namespace Appliance.Contract;

/// <summary>
/// What a venue charges for a fill: a share of the notional and an amount per 1.0 of quantity, by whether the order rested or took; negative is a rebate.
/// The venue's statement and the desk's account both use this one rule, so that they agree to the last digit: per fill, the exact sum of both parts
/// is rounded once to <see cref="MoneyUnitsPerOne"/> parts of the quote currency, halves away from zero, and whole numbers are summed.
/// </summary>
/// <param name="MakerBps">Basis points of price × quantity × contract size, charged when the order rested. A multiple of 0.01, −1,000 to 1,000.</param>
/// <param name="TakerBps">The same, charged when the order took what rested.</param>
public readonly record struct FeeSchedule(double MakerBps, double TakerBps)
{
    /// <summary>Fees are whole numbers of 10^-8 of the quote currency.</summary>
    public const long MoneyUnitsPerOne = 100_000_000;

    public static FeeSchedule None => default;

    /// <summary>Quote currency per 1.0 of quantity, at most eight decimals, −1,000 to 1,000; 0.003 is a usual taker fee of US shares.</summary>
    public decimal MakerPerOne { get; init; }
    public decimal TakerPerOne { get; init; }

    /// <summary>The rule prepared for one instrument: what whoever books fills keeps.</summary>
    public InstrumentFees For(InstrumentDefinition instrument) => new(this, instrument);
}

/// <summary>A <see cref="FeeSchedule"/> in an instrument's units, as fractions in lowest terms: integer arithmetic only.</summary>
public sealed class InstrumentFees
{
    private readonly Fraction _taker, _maker;

    public InstrumentFees(FeeSchedule schedule, InstrumentDefinition instrument)
    {
        _taker = new Fraction(schedule.TakerBps, schedule.TakerPerOne, instrument);
        _maker = new Fraction(schedule.MakerBps, schedule.MakerPerOne, instrument);
    }

    /// <summary>The fee of one fill in money units (10^-8 of the quote currency); negative when the venue pays.</summary>
    public long OfFill(long priceUnits, long quantityUnits, bool addedLiquidity) =>
        (addedLiquidity ? _maker : _taker).Of(priceUnits, quantityUnits);

    /// <summary>fee = (price × quantity × ByNotional + quantity × ByQuantity) / Denominator, in money units.</summary>
    private readonly struct Fraction
    {
        private readonly Int128 _byNotional, _byQuantity, _denominator;

        public Fraction(double basisPoints, decimal perOne, InstrumentDefinition instrument)
        {
            if (basisPoints is not (>= -1_000 and <= 1_000)) throw new ArgumentException($"A fee rate of {basisPoints} basis points is beyond ten percent of the notional.");
            long hundredths = (long)Math.Round(basisPoints * 100);
            if ((double)hundredths / 100 != basisPoints) throw new ArgumentException($"A fee rate of {basisPoints} basis points is no multiple of 0.01.");
            decimal perOneMoney = perOne * FeeSchedule.MoneyUnitsPerOne;
            if (perOneMoney != decimal.Truncate(perOneMoney) || Math.Abs(perOne) > 1_000)
                throw new ArgumentException("A fee per unit has more than eight decimals or is beyond 1,000.");
            (long contractNumerator, long contractDenominator) = ToFraction(instrument.ContractSize);
            Int128 denominator = (Int128)instrument.PriceUnitsPerOne * instrument.QuantityUnitsPerOne * 1_000_000;
            checked
            {
                Int128 byNotional = (Int128)hundredths * FeeSchedule.MoneyUnitsPerOne * contractNumerator;
                Int128 byQuantity = (Int128)(long)perOneMoney * instrument.PriceUnitsPerOne * 1_000_000 * contractDenominator;
                denominator *= contractDenominator;
                Int128 divisor = Gcd(Gcd(byNotional, byQuantity), denominator);
                _byNotional = byNotional / divisor;
                _byQuantity = byQuantity / divisor;
                _denominator = denominator / divisor;
            }
        }

        public long Of(long priceUnits, long quantityUnits)
        {
            if (_byNotional == 0 && _byQuantity == 0) return 0;
            Int128 exact = checked((Int128)priceUnits * quantityUnits * _byNotional + quantityUnits * _byQuantity);
            Int128 half = _denominator / 2;
            // Away from zero at halves. An odd denominator has no halves, and rounding its half down is then exact.
            Int128 rounded = exact >= 0 ? (exact + half) / _denominator : -((-exact + half) / _denominator);
            return (long)rounded;
        }

        /// <summary>A contract size is a short decimal number (1, 0.001, 10, 100): exactly a fraction.</summary>
        private static (long Numerator, long Denominator) ToFraction(double contractSize)
        {
            decimal value = (decimal)contractSize;
            long denominator = 1;
            while (value != decimal.Truncate(value))
            {
                value *= 10;
                denominator = checked(denominator * 10);
            }
            if (value <= 0) throw new ArgumentException("A contract size must be above 0.");
            return ((long)value, denominator);
        }

        private static Int128 Gcd(Int128 a, Int128 b)
        {
            a = Int128.Abs(a);
            b = Int128.Abs(b);
            while (b != 0) (a, b) = (b, a % b);
            return a == 0 ? 1 : a;
        }
    }
}
