using Appliance.Lab.Markets;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Certificates;

/// <summary>
/// The exact CVaR optimum on a small trinomial tree with proportional costs, over all holdings that may depend on the whole path: minimise t + Σ p_l u_l / (1 − level) with u_l ≥ L_l − t, u_l ≥ 0 over
/// leaves l of the tree of paths (Rockafellar and Uryasev 2000). The variables are purchases and sales at each node of that tree, both zero or more, so that costs are linear; the holding is their sum
/// along the path. A final liquidation at price S costs c·S·h with h at least the holding and at least its negative.
/// </summary>
public static class TreeLinearProgramme
{
    /// <summary>Steps that fit: 3^6 leaves make a tableau of some tens of megabytes.</summary>
    public const int StepsMost = 6;

    public static double Solve(LabSpecification specification)
    {
        var objective = specification.Objective;
        if (objective.Kind is not (ObjectiveKind.Cvar or ObjectiveKind.MeanCvar)) throw new ArgumentException("The linear programme knows cvar and mean-cvar.", nameof(specification));
        var tree = new PathTree(specification);
        double weight = objective.Kind == ObjectiveKind.Cvar ? 1 : objective.Weight, tail = weight / (1 - objective.Level);
        double initial = specification.InitialHolding[0], c = specification.Hedges[0].Costs.Proportional;
        bool liquidate = specification.LiquidateAtEnd && c > 0;
        int decisions = tree.Decisions, leaves = tree.Leaves, lastDecisions = liquidate ? tree.LastDecisions : 0;

        // Columns: purchases, sales, t⁺, t⁻, u, h, then a slack a row.
        int sales = decisions, tPlus = 2 * decisions, tMinus = tPlus + 1, excess = tPlus + 2, held = excess + leaves, slack = held + lastDecisions;
        int rows = leaves + 2 * lastDecisions;
        var programme = new Simplex(rows, slack + rows);
        var cost = new double[slack];
        double constant = 0;
        (cost[tPlus], cost[tMinus]) = (weight, -weight);
        for (int l = 0; l < leaves; l++)
        {
            double fixedLoss = tree.Owed[l] - initial * (tree.LeafPrice[l] - tree.RootPrice), mean = (1 - weight) * tree.Probability[l];
            constant += mean * fixedLoss;
            cost[excess + l] = tail * tree.Probability[l];
            // u + t + gains − costs − slack = fixed loss; turned round where that is negative, so that either u or the slack starts in the basis.
            double sign = fixedLoss >= 0 ? 1 : -1;
            programme[l, excess + l] = sign;
            (programme[l, tPlus], programme[l, tMinus], programme[l, slack + l]) = (sign, -sign, -sign);
            programme.RightSide(l, sign * fixedLoss);
            programme.Basic(l, sign > 0 ? excess + l : slack + l);
            foreach (int node in tree.Path(l))
            {
                double gain = tree.LeafPrice[l] - tree.DecisionPrice[node], charge = c * tree.DecisionPrice[node];
                programme[l, node] = sign * (gain - charge);
                programme[l, sales + node] = sign * (-gain - charge);
                cost[node] -= mean * (gain - charge);
                cost[sales + node] -= mean * (-gain - charge);
            }
            if (lastDecisions == 0) continue;
            int last = tree.LastDecisionOf(l);
            programme[l, held + last] = -sign * c * tree.LeafPrice[l];
            cost[held + last] += mean * c * tree.LeafPrice[l];
        }
        for (int d = 0; d < lastDecisions; d++)
            for (int side = 0; side < 2; side++)
            {
                // h ∓ holding − slack = ± initial: the slack starts basic unless the initial holding makes it negative, then h does.
                int row = leaves + 2 * d + side;
                double direction = side == 0 ? 1 : -1, right = direction * initial, sign = right > 0 ? 1 : -1;
                programme[row, held + d] = sign;
                programme[row, slack + row] = -sign;
                foreach (int node in tree.PathOfLastDecision(d))
                {
                    programme[row, node] = -sign * direction;
                    programme[row, sales + node] = sign * direction;
                }
                programme.RightSide(row, sign * right);
                programme.Basic(row, right > 0 ? held + d : slack + row);
            }
        if (initial != 0 && lastDecisions > 0) throw new ArgumentException("The linear programme with final liquidation starts from a holding of zero.", nameof(specification));
        for (int j = 0; j < slack; j++) programme.Cost(j, cost[j]);
        return programme.Minimise() + constant;
    }

    /// <summary>The tree of all paths: decision nodes level by level, leaves below the last level; discounted to maturity by the growth of cash.</summary>
    private sealed class PathTree
    {
        private readonly int _steps, _firstLast;

        public PathTree(LabSpecification specification)
        {
            var market = specification.Market;
            _steps = specification.Time.Steps;
            double[] growth = LatticeLiability.Growth(specification);
            double[] prices = TrinomialSimulator.NodePrices(market, _steps);
            var decision = new List<double>();
            int[] levels = [0];
            double[] probabilities = [1];
            for (int step = 0; step < _steps; step++)
            {
                if (step == _steps - 1) _firstLast = decision.Count;
                foreach (int level in levels) decision.Add(growth[step] * prices[_steps + level]);
                levels = [.. levels.SelectMany(level => new[] { level + 1, level, level - 1 })];
                probabilities = [.. probabilities.SelectMany(p => market.Probabilities.Select(q => p * q))];
            }
            DecisionPrice = [.. decision];
            LeafPrice = [.. levels.Select(level => prices[_steps + level])];
            Probability = probabilities;
            Owed = [.. LeafPrice.Select(s => specification.Liability.Contracts.Sum(contract => -contract.Position * contract.Notional * LatticeLiability.Payoff(contract, s)))];
        }

        public double[] DecisionPrice { get; }
        public double[] LeafPrice { get; }
        public double[] Probability { get; }
        public double[] Owed { get; }
        public double RootPrice => DecisionPrice[0];
        public int Decisions => DecisionPrice.Length;
        public int LastDecisions => Decisions - _firstLast;
        public int Leaves => LeafPrice.Length;
        public int LastDecisionOf(int leaf) => leaf / 3;
        public IEnumerable<int> Path(int leaf) => PathOfLastDecision(leaf / 3);

        /// <summary>Decision nodes from the last level up to the root: a node's parent is its place in its level divided by three.</summary>
        public IEnumerable<int> PathOfLastDecision(int last)
        {
            int first = _firstLast, width = LastDecisions, place = last;
            while (true)
            {
                yield return first + place;
                if (width == 1) yield break;
                width /= 3;
                first -= width;
                place /= 3;
            }
        }
    }
}
