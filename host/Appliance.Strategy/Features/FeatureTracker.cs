using System.Runtime.CompilerServices;
using Appliance.Contract;
using Appliance.Kernels.Scalar;

namespace Appliance.Strategy.Features;

/// <summary>
/// Keeps one instrument's features. Time is sequenced time (<see cref="RingEvent.TimeUtcNs"/>) and nothing else is read, so a replay gives the same numbers.
///
/// <para><b>Volatility.</b> The mid is sampled every <see cref="FeatureOptions.VolatilitySampleNs"/> on a grid that starts at the first ready book. The sample
/// is the last mid before the grid point (previous-tick sampling: Gençay, Dacorogna, Müller, Olsen and Pictet, "An Introduction to High-Frequency Finance",
/// Academic Press 2001, section 2.1). With return r between samples, the weighted sums move as S ← λS + (1−λ)r², W ← λW + (1−λ), λ = 2^(−sample/half-life), and
/// the variance per sample is S/W: the RiskMetrics recursion (J.P. Morgan/Reuters, "RiskMetrics Technical Document", 4th edition 1996, section 5.2) without its mean,
/// divided by the weights so far, so that the first minutes are not biased towards zero. Annualised by √(samples in a year). Mids, not trades, and a grid far
/// coarser than the quotes keep the bid-ask bounce out. A halt, an incomplete book or a silence beyond <see cref="FeatureOptions.VolatilityMaxSilenceSeconds"/>
/// starts the grid anew: no return is taken across it, and the estimate stays as it was.</para>
///
/// <para><b>Signed flow.</b> F ← F·2^(−elapsed/half-life) at every decide mark, and plus or minus the traded quantity at every trade by its aggressor. Where the
/// feed does not name the aggressor, a print above the last mid was a buy and below it a sell; at the mid it counts for nothing (the quote rule of Lee and Ready,
/// "Inferring trade direction from intraday data", Journal of Finance 46 (1991)). Crosses and other prints that are not for last-sale statistics are left out by the caller.</para>
/// </summary>
public sealed class FeatureTracker
{
    private const double Ln2 = 0.693147180559945309417232121458;

    /// <summary>The features as of the last ready book.</summary>
    public InstrumentFeatures Values;

    private readonly double _twicePriceUnitsPerOne, _quantityUnitsPerOne;
    private readonly long _sampleNs, _maxSilenceNs;
    private readonly double _decayPerSample, _lnDecayPerSample, _samplesPerYear, _flowDecayPerNs;

    private long _twiceMidUnits;
    private bool _sampling;
    private long _nextSampleNs, _lastTopNs;
    private double _sampledMid, _squareSum, _weightSum;
    private double _flow;
    private long _flowTimeNs;

    public FeatureTracker(InstrumentDefinition instrument, FeatureOptions options)
    {
        ArgumentNullException.ThrowIfNull(instrument);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.VolatilitySampleNs, 1_000_000);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.VolatilitySampleNs, 3_600_000_000_000);
        RequirePositive(options.VolatilityHalfLifeSeconds, nameof(options.VolatilityHalfLifeSeconds));
        RequirePositive(options.VolatilityMaxSilenceSeconds, nameof(options.VolatilityMaxSilenceSeconds));
        RequirePositive(options.SecondsPerYear, nameof(options.SecondsPerYear));
        RequirePositive(options.FlowHalfLifeSeconds, nameof(options.FlowHalfLifeSeconds));
        _twicePriceUnitsPerOne = 2.0 * instrument.PriceUnitsPerOne;
        _quantityUnitsPerOne = instrument.QuantityUnitsPerOne;
        _sampleNs = options.VolatilitySampleNs;
        _maxSilenceNs = (long)(options.VolatilityMaxSilenceSeconds * 1e9);
        double sampleSeconds = _sampleNs * 1e-9;
        _lnDecayPerSample = -Ln2 * sampleSeconds / options.VolatilityHalfLifeSeconds;
        _decayPerSample = Elementary.Exp(_lnDecayPerSample);
        _samplesPerYear = options.SecondsPerYear / sampleSeconds;
        _flowDecayPerNs = -Ln2 / (options.FlowHalfLifeSeconds * 1e9);
    }

    /// <summary>A decide mark at which the book was ready.</summary>
    public void OnReady(in TopOfBook top)
    {
        long now = top.TimeUtcNs;
        // Sampling comes first: a grid point between the last mark and this one takes the mid that stood then.
        if (!_sampling || now - _lastTopNs > _maxSilenceNs)
            StartSampling(in top);
        else if (now >= _nextSampleNs)
            Sample(now);
        _lastTopNs = now;

        long twiceMidUnits = top.TwiceMidUnits;
        double bidSize = top.BidQuantityUnits, askSize = top.AskQuantityUnits;
        double sizes = bidSize + askSize;
        double mid = twiceMidUnits / _twicePriceUnitsPerOne;
        double halfSpread = (top.AskPriceUnits - top.BidPriceUnits) / _twicePriceUnitsPerOne;
        double imbalance = (bidSize - askSize) / sizes;
        _twiceMidUnits = twiceMidUnits;
        Values.Mid = mid;
        Values.Imbalance = imbalance;
        // (bid·askSize + ask·bidSize)/(bidSize + askSize) with bid, ask = mid ∓ halfSpread: one division fewer, and exact at balance.
        Values.Microprice = mid + halfSpread * imbalance;
        Values.RelativeSpread = mid > 0 ? 2 * halfSpread / mid : 0;
        if (_flow != 0)
            DecayFlow(now);
        Values.SignedFlow = _flow;
    }

    /// <summary>A decide mark at which the book was not ready, or trading was not on: prices of before and after are not compared.</summary>
    public void OnNotReady() => _sampling = false;

    /// <param name="timeUtcNs">Sequenced time of the print.</param>
    /// <param name="aggressor">None where the feed does not say.</param>
    /// <param name="priceUnits">The print's price.</param>
    /// <param name="quantityUnits">The print's quantity.</param>
    public void OnTrade(long timeUtcNs, Side aggressor, long priceUnits, long quantityUnits)
    {
        if (aggressor == Side.None)
        {
            long twicePriceUnits = 2 * priceUnits;
            if (_twiceMidUnits == 0 || twicePriceUnits == _twiceMidUnits)
                return;
            aggressor = twicePriceUnits > _twiceMidUnits ? Side.Buy : Side.Sell;
        }
        if (_flow != 0)
            DecayFlow(timeUtcNs);
        _flowTimeNs = timeUtcNs;
        double quantity = quantityUnits / _quantityUnitsPerOne;
        _flow += aggressor == Side.Buy ? quantity : -quantity;
    }

    private void DecayFlow(long nowNs)
    {
        long elapsedNs = nowNs - _flowTimeNs;
        if (elapsedNs <= 0)
            return;
        _flow *= Elementary.Exp(elapsedNs * _flowDecayPerNs);
        _flowTimeNs = nowNs;
        // Far below any lot: a denormal number would make every later multiplication slow.
        if (_flow is < 1e-12 and > -1e-12)
            _flow = 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void StartSampling(in TopOfBook top)
    {
        _sampling = true;
        _sampledMid = top.TwiceMidUnits / _twicePriceUnitsPerOne;
        _nextSampleNs = top.TimeUtcNs + _sampleNs;
    }

    /// <summary>Takes the samples of every grid point up to now: the first has the mid before this mark, those after it found nothing changed.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Sample(long nowNs)
    {
        long points = (nowNs - _nextSampleNs) / _sampleNs + 1;
        _nextSampleNs += points * _sampleNs;
        double mid = Values.Mid;
        double gain = 1 - _decayPerSample;
        double logReturn = mid > 0 && _sampledMid > 0 ? Elementary.Log(mid / _sampledMid) : 0;
        _sampledMid = mid;
        _squareSum = _decayPerSample * _squareSum + gain * logReturn * logReturn;
        _weightSum = _decayPerSample * _weightSum + gain;
        if (points > 1)
        {
            double quiet = Elementary.Exp(_lnDecayPerSample * (points - 1));
            _squareSum *= quiet;
            _weightSum = quiet * _weightSum + (1 - quiet);
        }
        Values.EwmaVolatility = Math.Sqrt(_squareSum / _weightSum * _samplesPerYear);
    }

    private static void RequirePositive(double value, string name)
    {
        if (!(value > 0) || double.IsInfinity(value))
            throw new ArgumentOutOfRangeException(name, value, "A feature constant must be a finite number above zero.");
    }
}
